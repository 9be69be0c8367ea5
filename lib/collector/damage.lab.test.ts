// Damage to the data on real servers, one kind after another: each is recognised in time and blocks a failover, and the ordinary
// work of the application never is.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { dismissDamage } from '../commands/damage/dismiss'
import { type Scene, stageScene } from '../runner/testing/scene'

let scene: Scene
beforeAll(async () => {
  scene = await stageScene(22_700)
  scene.startRunner()
})
afterAll(() => scene?.end())
// Compared is with what was there before: a count that began after the last exercise.
beforeEach(async () => {
  const from = Date.now()
  await expect.poll(() => Date.now() - from > 12_000 && counted(), { timeout: 90_000, interval: 500 }).toBe(true)
}, 100_000)
afterEach(async () => {
  await scene.lab.lab.heal(null)
  const commander = await scene.as('commander')
  for (const { kind, foundAt } of findings())
    await dismissDamage(commander, { kind, foundAt, reason: 'the exercise is over' })
  await expect.poll(() => findings(), { timeout: 10_000 }).toEqual([])
}, 90_000)

const diagnosis = () => scene.snapshot()?.diagnosis
const findings = () => diagnosis()?.damage?.findings ?? []
const counted = () =>
  ['Critical tables: 4 of 4 counted', 'Invariants: 1 of 1 hold'].every((line) =>
    diagnosis()?.evidence.includes(line),
  ) && diagnosis()?.kind === 'healthy'
const found = (within: number) =>
  expect.poll(() => `${diagnosis()?.kind} ${diagnosis()?.certainty} ${diagnosis()?.scenario}`, {
    timeout: within,
    interval: 100,
  })

async function failoverIsRefused(says: RegExp): Promise<void> {
  const run = await scene.reaches(await scene.startFailover({ mode: 'real' }), ['waiting', 'aborted', 'needs-person'])
  expect(run.checks.filter(({ id }) => id === 'PF6')).toMatchObject([
    { result: 'block', message: expect.stringMatching(says) },
  ])
  expect(run.state).toBe('aborted')
  expect(scene.effects('FailoverDBCluster')).toBe(0)
}

test('two minutes of the application’s own inserts and deletes are no damage', { timeout: 180_000 }, async () => {
  const from = Date.now()
  const seen = new Set<string>()
  await expect
    .poll(
      () => {
        seen.add(
          `${diagnosis()
            ?.damage?.shown.signs.map(({ says }) => says)
            .join(' ')}`,
        )
        return Date.now() - from >= 120_000
      },
      { timeout: 150_000, interval: 250 },
    )
    .toBe(true)
  expect([...seen]).toEqual(['undefined'])
  expect(counted()).toBe(true)
})

test('a dropped table is recognised within seconds, and a failover is refused with the reason', {
  timeout: 90_000,
}, async () => {
  const before = Date.now()
  await scene.lab.lab.startFault('drop-table', 'audit_logs', {})
  const after = Date.now()
  await found(10_000).toBe('deletion confirmed S4')
  const [finding] = findings()
  expect(finding?.signs[0]?.says).toBe('The critical table audit_logs was dropped.')
  expect(finding?.lastGoodAt).toBeLessThanOrEqual(after)
  expect(finding?.firstBadAt).toBeGreaterThanOrEqual(before)
  await failoverIsRefused(/audit_logs was dropped\..* A failover does not repair that\./)
})

test('deleted rows are recognised at the next count', { timeout: 90_000 }, async () => {
  await scene.lab.lab.startFault('delete-rows', 'castings', { percent: 50 })
  await found(25_000).toMatch(/^deletion (suspected|confirmed) S4$/)
  expect(findings()[0]?.signs.map(({ says }) => says)).toContain(
    'The critical table castings has 1000 rows fewer than the 2000 at the last count.',
  )
  await failoverIsRefused(/castings has 1000 rows fewer/)
})

test('values that are corrupted silently are recognised by an invariant that fails twice', {
  timeout: 90_000,
}, async () => {
  await scene.lab.lab.startFault('corrupt-values', null, { percent: 10 })
  await found(40_000).toBe('corruption suspected S2')
  expect(findings()[0]?.signs).toMatchObject([
    { rule: 'invariant', says: 'The invariant "every casting has an owner" is broken by 200 rows, twice in a row.' },
  ])
  await failoverIsRefused(/every casting has an owner/)
})

test('a page that fails its checksum is recognised when it is read', { timeout: 90_000 }, async () => {
  await scene.lab.lab.startFault('corrupt-page', 'castings', {})
  await found(25_000).toBe('corruption confirmed S2')
  await failoverIsRefused(/castings|checksum/)
})
