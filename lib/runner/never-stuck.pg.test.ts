/*
 * A runner dies, or its lease lapses, at any moment, and another one finds the run wherever it was left: with the definition
 * that it was started by, with another one, or with none. Wherever that is, the run continues or a person is asked within
 * seconds, and Stop ends it and frees its cluster. Places where nobody could continue are refused by the store.
 * Here with a part of the stories; `never-stuck.long.pg.test.ts` has all.
 */
import pg from 'pg'
import { describe, expect, test, vi } from 'vitest'
import { stagedDraft, stagedRun } from '../commands/testing/staged-run'
import { allPlaces, allPlacesBeside, brokenRule, placesOf } from '../domain/run/places'
import type { Run } from '../domain/run/run'
import type { AnyProcedure } from '../procedures/contract'
import { databasePerTest } from '../store/testing/database'
import { createRun } from '../store/testing/runs'
import { everyPlace, placeKey } from './testing/every-place'

const catalogue = vi.hoisted(() => new Map<string, AnyProcedure>())
vi.mock('../procedures/index', () => ({ procedureBySlug: (slug: string) => catalogue.get(slug), procedures: [] }))
const database = databasePerTest()

test('from every place that a run can be left in, it continues or asks a person, and can be stopped', async () => {
  await everyPlace(database(), catalogue, 'part')
}, 300_000)

const journalled = (effect: string) =>
  `INSERT INTO effect_journal (run_id, step_id, attempt, direction, call, cli, digest, runner, epoch, intended_at, outcome, app_ms)
   VALUES ('r', 's', 1, 'do', '{}', '', '', '', 1, now(), NULLIF('${effect}', 'open'), 0);`

describe('a place where nobody could continue', () => {
  test('is refused by the store, by the rule that names it, whoever writes it', async () => {
    const owner = new pg.Client({ connectionString: database().ownerUrl })
    await owner.connect()
    try {
      await createRun(database().owner, stagedRun, stagedDraft)
      // Where a move is not even listed it never comes to this.
      await owner.query('ALTER TABLE run DISABLE TRIGGER run_transition')
      await owner.query('ALTER TABLE run_step DISABLE TRIGGER run_step_transition')
      const refusals: [string, string | null][] = []
      for (const place of allPlaces) {
        // From somewhere else, so that each is a move.
        const [run, step] = [
          place.run === 'running' ? 'paused' : 'running',
          place.step === 'pending' ? 'checking' : 'pending',
        ]
        const effect = place.effect === 'none' ? '' : journalled(place.effect)
        try {
          await owner.query(`BEGIN; DELETE FROM effect_journal; SET LOCAL session_replication_role = replica;
            UPDATE run SET state = '${run}'; UPDATE run_step SET state = '${step}'; SET LOCAL session_replication_role = origin;
            ${effect} UPDATE run_step SET state = '${place.step}'; UPDATE run SET state = '${place.run}'; COMMIT`)
          refusals.push([placeKey(place), null])
        } catch (error) {
          await owner.query('ROLLBACK')
          refusals.push([placeKey(place), (error as { constraint?: string }).constraint ?? String(error)])
        }
      }
      // An intent of a settled step is the watch's over an old writer.
      const settled = (step: string) => ['confirmed', 'already-so', 'skipped'].includes(step)
      expect(refusals).toEqual(
        allPlaces.map((p) => [placeKey(p), settled(p.step) && p.effect === 'open' ? null : brokenRule(p)]),
      )
    } finally {
      await owner.end()
    }
  })

  test('is refused of a step beside the leading one too', async () => {
    const stage = { id: 'two', title: 'Two', atOnce: 2, whenOneFails: 'others-finish' as const }
    const steps = ['s', 't'].map((stepId) => ({ stepId, title: stepId, effect: 'SAFE', definitionHash: 'h', stage }))
    const owner = new pg.Client({ connectionString: database().ownerUrl })
    await owner.connect()
    try {
      await createRun(database().owner, { ...stagedRun, steps }, stagedDraft)
      await owner.query('ALTER TABLE run DISABLE TRIGGER run_transition')
      await owner.query('ALTER TABLE run_step DISABLE TRIGGER run_step_transition')
      const seen = new Set<boolean>()
      const leads = [
        ['waiting', 'waiting'],
        ['paused', 'checking'],
        ['needs-person', 'failed'],
      ] as const
      for (const [run, lead] of leads)
        for (const place of allPlacesBeside.filter((p) => p.run === run && p.effect === 'none')) {
          const here = steps.map((step, i) => ({ ...step, state: i === 0 ? place.step : lead }))
          const asIs = { state: run, steps: here, effects: [] } as unknown as Run
          const possible = placesOf(asIs).every((each) => brokenRule(each) === null)
          await owner.query('BEGIN')
          await owner.query('SET LOCAL session_replication_role = replica')
          // From somewhere else, so that each is a move.
          await owner.query(`UPDATE run SET state = 'running'`)
          const before = place.step === 'pending' ? 'checking' : 'pending'
          await owner.query(`UPDATE run_step SET state = CASE step_id WHEN 's' THEN $1 ELSE 'pending' END`, [before])
          await owner.query('SET LOCAL session_replication_role = origin')
          await owner.query(`UPDATE run_step SET state = CASE step_id WHEN 's' THEN $1 ELSE $2 END`, [place.step, lead])
          await owner.query('UPDATE run SET state = $1', [run])
          const refused = await owner.query('COMMIT').then(
            () => null,
            (error: { constraint?: string }) => error.constraint ?? String(error),
          )
          await owner.query('ROLLBACK')
          expect([run, lead, place.step, refused === null]).toEqual([run, lead, place.step, possible])
          seen.add(possible)
        }
      expect(seen.size).toBe(2)
    } finally {
      await owner.end()
    }
  })

  test('is not reached by a move that the state tables do not list', async () => {
    const { runner: store } = database()
    await createRun(database().owner, stagedRun, stagedDraft)
    await expect(store.pool.query(`UPDATE run_step SET state = 'confirmed'`)).rejects.toMatchObject({
      constraint: 'run_step_transition',
    })
    await expect(store.pool.query(`UPDATE run SET state = 'done'`)).rejects.toMatchObject({
      constraint: 'run_transition',
    })
  })
})
