// Rows were deleted. Everybody looks at one sheet: what each way would bring back, how long it takes, what it gives up, what stands
// in its way, and what doing nothing costs.
import { describe, expect, it } from 'vitest'
import { catalogue } from '../../procedures/index'
import type { Scenario } from '../cluster/types'
import { decisionSheet, optionFor, optionOfRun, type SheetFacts } from './decision'

const min = 60_000
const now = Date.UTC(2026, 10, 29, 4)
const objectives = {
  rto: { targetSeconds: 3600, maximumSeconds: 14_400 },
  rpo: { targetSeconds: 900, maximumSeconds: 3600 },
  monthlyAvailability: 0.999,
}
const damaged = (scenario: 'S2' | 'S4', tables: string[]) => ({
  scenario,
  tables,
  says: ['bookings: 2318 of 6310 rows are missing.'],
  firstBadAt: now - 18 * min,
})
const sheet = (scenario: Scenario, more: Partial<SheetFacts> = {}) =>
  decisionSheet({
    scenario,
    impactStartedAt: now - 18 * min,
    now,
    procedures: catalogue,
    seen: { topology: 'hybrid', rdsObservedAt: now, candidates: [] },
    candidates: [],
    damage: damaged('S4', ['bookings']),
    restorePointAt: now - 18 * min - 1000,
    backupTakenAt: now - 11 * 60 * min,
    observedAt: now,
    twoPersons: true,
    running: null,
    objectives,
    checked: () => null,
    ...more,
  }).options
const of = (options: ReturnType<typeof sheet>, id: string) => {
  const found = options.find((option) => option.id === id)
  if (!found) throw new Error(`${id} is not on the sheet`)
  return found
}

describe.each(['S2', 'S4'] as const)('damaged data, %s', (scenario) => {
  const options = sheet(scenario, { damage: damaged(scenario, ['bookings']) })

  it('sets every way of a point-in-time recovery beside the others, and doing nothing last', () => {
    expect(options.map(({ id }) => id)).toEqual(['P1', 'P2-extract', 'P2-cutover', 'P2-inspect', 'P3', 'P4', 'nothing'])
  })
  it('recommends extracting where the damage is in named tables, and says which', () => {
    expect(options.filter(({ fits }) => fits === 'recommended').map(({ id }) => id)).toEqual(['P2-extract'])
    expect(of(options, 'P2-extract')).toMatchObject({
      fitsWhy: expect.stringContaining('bookings'),
      loss: { highMs: 0 },
      rpoVerdict: 'met',
      approvals: { count: 2, says: 'Two approvals by a second person: restore and merge.' },
      asks: { slug: 'point-in-time-recovery', inputs: { goal: 'extract', damagedTables: 'bookings' } },
    })
    expect(optionFor(options, 'P2')?.id).toBe('P2-extract')
  })
  it('recommends the cutover where it is not, because only that repairs all of it', () => {
    const unnamed = sheet(scenario, { damage: damaged(scenario, []) })
    expect(unnamed.filter(({ fits }) => fits === 'recommended').map(({ id }) => id)).toEqual(['P2-cutover'])
  })
  it('says how much each gives up against the RPO', () => {
    expect(of(options, 'P2-cutover')).toMatchObject({
      loss: { highMs: 18 * min + 1000, says: expect.stringContaining('growing until the source is frozen') },
      rpoVerdict: 'within-maximum',
      approvals: { count: 2 },
    })
    expect(of(options, 'P4')).toMatchObject({ loss: { highMs: 11 * 60 * min }, rpoVerdict: 'breached' })
  })
  it('says that an inspection repairs nothing', () => {
    expect(of(options, 'P2-inspect')).toMatchObject({ doneAfterMs: null, rtoVerdict: 'unknown' })
  })
  it('shows a failover with why it does not help, and no time at which it would be done', () => {
    expect(of(options, 'P1')).toMatchObject({
      fits: 'not-for-this',
      fitsWhy: expect.stringContaining('Readers contain the same damage'),
      doneAfterMs: null,
      loss: { says: expect.stringContaining('2318 of 6310 rows are missing') },
      approvals: { count: 0 },
    })
  })
  it('says what doing nothing leaves lost, and what it adds each minute', () => {
    const { loss } = of(options, 'nothing')
    expect(loss.says).toContain('2318 of 6310 rows are missing')
    expect(loss.says).toContain('18 min so far, more each minute')
  })
})

describe('prerequisites', () => {
  const checks = [
    { id: 'PF1', title: 'Account', result: 'pass', message: 'Signed in.' },
    { id: 'PF2', title: 'Session', result: 'warn', message: 'It ends in 40 min.' },
    { id: 'P2-f', title: 'Maintenance window', result: 'block', message: 'Not confirmed yet.' },
  ] as const
  it('are those that a run would begin with, for the inputs of each way', () => {
    const asked: unknown[] = []
    const options = sheet('S4', {
      checked: (asks) => {
        asked.push(asks.inputs)
        return asks.inputs.goal === 'cutover' ? { at: now - 5000, checks: [...checks] } : null
      },
    })
    expect(of(options, 'P2-cutover').prerequisites).toEqual({
      state: 'checked',
      at: now - 5000,
      passed: 2,
      of: 3,
      warnings: ['Session: It ends in 40 min.'],
      blocks: ['Maintenance window: Not confirmed yet.'],
    })
    expect(of(options, 'P2-extract').prerequisites).toMatchObject({ state: 'unknown', why: 'Not checked lately.' })
    expect(asked).toContainEqual({})
  })
})

it('on a database that a procedure cannot run on, each of its ways says why', () => {
  const options = sheet('S4', { seen: { topology: 'multi_az_cluster', rdsObservedAt: now, candidates: [] } })
  const p2 = options.filter(({ key }) => key === 'P2')
  expect(p2).toHaveLength(3)
  for (const { fits, fitsWhy } of p2) {
    expect(fits).toBe('unfit')
    expect(fitsWhy).toContain('cannot run on a')
  }
  expect(options.some(({ fits }) => fits === 'recommended')).toBe(false)
})

describe('an option that runs', () => {
  const running = (forecast: SheetFacts['running']) => of(sheet('S1', { damage: null, running: forecast }), 'P1')
  it('takes what remains of its run, as every other screen says', () => {
    const forecast = { known: true, lowSeconds: 60, highSeconds: 240, basis: 'By past runs.' } as const
    expect(running({ option: 'P1', forecast })).toMatchObject({
      estimate: { lowSeconds: 60, highSeconds: 240 },
      estimateBasis: 'By past runs.',
      doneAfterMs: { low: 19 * min, high: 22 * min },
    })
  })
  it('promises nothing while its run promises nothing', () => {
    const forecast = { known: false, why: 'A step needs a decision.' } as const
    expect(running({ option: 'P1', forecast })).toMatchObject({
      estimate: null,
      estimateBasis: 'A step needs a decision.',
      doneAfterMs: null,
    })
  })
  it('is known by the procedure of the run and its inputs', () => {
    const option = (procedureId: string, inputs: Record<string, string>) =>
      optionOfRun({ procedureId, inputs }, catalogue)
    expect(option('primary-failover', { target: 'a' })).toBe('P1')
    expect(option('point-in-time-recovery', { goal: 'cutover' })).toBe('P2-cutover')
    expect(option('unheard-of', {})).toBeNull()
  })
})
