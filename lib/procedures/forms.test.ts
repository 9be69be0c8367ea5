// A form asks for what counts with what is chosen, and for nothing else; the form's own declaration says which. The screen knows
// no procedure.
import { describe, expect, test } from 'vitest'
import { askedInputs, isAsked } from '../domain/procedure/types'
import { procedures } from './index'
import { everything } from './testing/surroundings'

const forms = procedures.map((procedure) => ({
  key: procedure.key,
  procedure,
  fields: procedure.fields(null, everything),
}))
const defaultsOf = (fields: (typeof forms)[number]['fields']) =>
  Object.fromEntries(fields.map((field) => [field.name, field.default]))

describe.each(forms)('the form of $key', ({ procedure, fields }) => {
  test('names in its conditions only fields and choices that it has', () => {
    for (const { name, onlyWith = {} } of fields)
      for (const [other, values] of Object.entries(onlyWith)) {
        const known = fields.find((field) => field.name === other)?.choices?.map(({ value }) => value)
        expect([name, known]).toEqual([name, expect.arrayContaining([...values])])
      }
  })
  test('takes what is not asked for by its default, which its schema takes', () => {
    const schema = procedure.draft ?? procedure.inputs
    const goals = fields.find(({ name }) => name === 'goal')?.choices?.map(({ value }) => value) ?? [undefined]
    for (const goal of goals) {
      const inputs = askedInputs(fields, { ...defaultsOf(fields), ...filled, ...(goal !== undefined && { goal }) })
      expect([goal, schema.safeParse(inputs).error?.issues ?? []]).toEqual([goal, []])
    }
  })
})

/** What has no default that could be taken. */
const filled = {
  ...{
    target: 'replica-1',
    source: 'us-east-1/replica-1',
    copy: 'c-1',
    madeBy: '20261129t0400z-0a1b2c',
    lossAcceptedBy: 'Morgan Lee',
  },
  ...{
    maintenanceBy: 'Morgan Lee',
    maintenanceAt: '2026-11-29T03:00:00Z',
    damagedTables: 'users',
    checkTable: 'users',
  },
}

describe('a goal', () => {
  const withGoals = forms.filter(({ fields }) => fields.some(({ name }) => name === 'goal'))
  const cutover = ['freeze', 'connectionMode', 'maintenanceBy', 'maintenanceAt', 'retainOldDays']

  test.each(withGoals)('of $key other than a cutover asks nothing about one', ({ fields }) => {
    const asked = (goal: string) =>
      fields.filter((field) => isAsked(field, { ...defaultsOf(fields), goal })).map(({ name }) => name)
    expect(asked('cutover')).toEqual(expect.arrayContaining(cutover))
    expect(asked('inspect').filter((name) => cutover.includes(name))).toEqual([])
  })
  test.each(withGoals)('of $key can be switched back and forth, and nothing that was typed is lost', ({ fields }) => {
    const entered = { ...defaultsOf(fields), goal: 'cutover', maintenanceBy: 'Morgan Lee', retainOldDays: 3 }
    expect(askedInputs(fields, entered)).toMatchObject({ maintenanceBy: 'Morgan Lee', retainOldDays: 3 })
    const switched = { ...entered, goal: 'inspect' }
    expect(askedInputs(fields, switched)).toMatchObject({ goal: 'inspect', maintenanceBy: '', retainOldDays: 7 })
    expect(askedInputs(fields, { ...switched, goal: 'cutover' })).toEqual(askedInputs(fields, entered))
  })
})
