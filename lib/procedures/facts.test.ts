// A run outlives the process and the version that fixed its facts. What comes back from the store is what was stored, or it is
// named and nothing is done by it.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { JsonValue } from '../domain/procedure/canonical'
import type { Facts, Runbook, Step, Verdict } from './contract'
import { asStored, readFacts, type WriterFacts } from './facts'
import { procedures } from './index'
import type { FailoverFacts } from './primary-failover/facts'
import type { FailoverInputs } from './primary-failover/inputs'
import { arbitraryOf } from './testing/arbitrary'

const all = procedures.flatMap(({ key, facts }) =>
  Object.entries(facts.shape as Record<string, Parameters<typeof arbitraryOf>[0]>).map(
    ([name, schema]) => [key, name, facts, schema] as const,
  ),
)

describe.each(all)('%s: the fact %s', (_key, name, facts, schema) => {
  // What a schema refuses besides the shape, such as a table that is named twice, is never stored.
  const known = arbitraryOf(schema).filter((value) => value !== undefined && z.safeParse(schema, value).success)
  const read = (value: unknown) => readFacts<Record<string, unknown>>(facts, { [name]: value } as Facts)

  test('comes back from JSON as it was', () => {
    fc.assert(
      fc.property(known, (value) => {
        const stored = asStored({ [name]: value })
        const { facts: came, unreadable } = readFacts<Record<string, unknown>>(facts, stored)
        expect(unreadable).toEqual([])
        expect(asStored(came)).toEqual(stored)
        // Once more, as by another runner.
        expect(readFacts(facts, asStored(came))).toEqual({ facts: came, unreadable: [] })
      }),
    )
  })

  test('may be missing, and null where it was taken back', () => {
    expect(readFacts(facts, {})).toEqual({ facts: {}, unreadable: [] })
    expect(read(null).unreadable).toEqual([])
    expect(read(null).facts[name] ?? null).toBeNull()
  })

  test('is refused by its name when any part of it is something else, and the others are kept', () => {
    fc.assert(
      fc.property(
        known.filter((value) => value !== null),
        fc.nat(),
        (value, at) => {
          const broken = corrupted(JSON.parse(JSON.stringify(value)), at)
          const others: Facts = Object.fromEntries(
            Object.entries({ clusterId: 'c', confirmedAt: 1 }).filter(
              ([other]) => other !== name && other in facts.shape,
            ),
          )
          expect(readFacts(facts, { ...others, [name]: broken })).toEqual({
            facts: others,
            unreadable: [name],
          })
        },
      ),
    )
  })
})

/** The value with one of its members, by number, replaced by what no fact has anywhere. */
function corrupted(value: JsonValue, at: number): JsonValue {
  const wrong: JsonValue = [[['nothing', 'like', 'it']]]
  if (typeof value !== 'object' || value === null) return wrong
  const keys = Object.keys(value)
  const key = keys[at % (keys.length + 1)]
  if (key === undefined) return typeof value === 'object' && Array.isArray(value) ? wrong : 'no object'
  const entries = Object.entries(value).map(([k, v]) => [k, k === key ? corrupted(v, Math.floor(at / 7)) : v] as const)
  return Array.isArray(value) ? entries.map(([, v]) => v) : Object.fromEntries(entries)
}

test('facts of the engine beside them are left alone', () => {
  const engine = { decision: { event: 'retry' }, clusterId: 'c' }
  for (const { facts } of procedures)
    expect(readFacts(facts, engine)).toEqual({
      facts: 'clusterId' in facts.shape ? { clusterId: 'c' } : {},
      unreadable: [],
    })
})

describe('what the compiler refuses', () => {
  const shown = <T>(value: T): T => value

  test('a fact that is misspelt, or of another type', () => {
    // @ts-expect-error: it is promotedAt
    shown<FailoverFacts>({ promotdAt: 1 })
    // @ts-expect-error: a moment, not a sentence
    shown<FailoverFacts>({ promotedAt: 'now' })
    // @ts-expect-error: no such way of the pooler
    shown<FailoverFacts>({ poolers: { p: 'gone' } })
    expect(shown<FailoverFacts>({ promotedAt: 1, poolers: { p: 'held' } })).toEqual({
      promotedAt: 1,
      poolers: { p: 'held' },
    })
  })

  test('a step that learns or asks for a fact that it does not declare', () => {
    type Look = Step<unknown, WriterFacts>['verify']
    const looks: Look[] = [
      async (): Promise<Verdict<WriterFacts>> => ({
        state: 'proved',
        says: '',
        // @ts-expect-error: it is clusterId
        facts: { clusterID: 'c', topology: 'aurora' },
      }),
      // @ts-expect-error: a fact of the pooler, which this step does not declare
      async (_world, ctx) => ({ state: 'proved', says: String(ctx.facts.pooler) }),
      async (_world, ctx) => ({ state: 'proved', says: ctx.facts.clusterId ?? '', facts: { clusterId: 'c' } }),
    ]
    expect(looks).toHaveLength(3)
  })

  // Without it the compiler infers the type from what is returned, and lets a misspelt fact beside a right one pass.
  const sources = readdirSync(__dirname, { recursive: true, encoding: 'utf8' }).filter((file) =>
    /^(?!.*\.test\.ts$).*\.ts$/.test(file),
  )
  test.each(sources)('%s: every look of a step says what it returns', (file) => {
    const looks = readFileSync(join(__dirname, file), 'utf8').match(/async (?:verify|observe)\([^)]*\).*/g) ?? []
    expect(looks.filter((look) => !/: Promise<(?:Verdict|Observation)<\w+>> \{$/.test(look))).toEqual([])
  })

  test('a procedure that lacks what its shared step needs', () => {
    type Steps<F> = ReturnType<Runbook<FailoverInputs, F, unknown>['steps']>
    const needsPooler = shown<Step<unknown, { pooler?: 'held' }>>({
      id: 's',
      title: 's',
      effect: 'READ',
      estimate: { lowSeconds: 1, highSeconds: 1 },
      why: '',
      provedBy: '',
      undoneBy: null,
      everyMs: 1,
      forMs: 1,
      verify: async (_world, ctx) => ({ state: 'proved', says: '', facts: ctx.facts }),
    })
    // @ts-expect-error: in this procedure `pooler` is a number
    shown<Steps<{ pooler?: number }>>([needsPooler])
    expect(shown<Steps<{ pooler?: 'held'; more?: string }>>([needsPooler])).toHaveLength(1)
  })
})
