// Scenario 16: the writer is dead, and every reader misses more than was allowed. Nobody is failed over by accident: people wait,
// allow more, or recover to a point in time, and the figure is in front of them.
import { expect, test } from 'vitest'
import type { StepContext, World } from './contract'
import type { FailoverInputs } from './failover-inputs'
import { primaryFailover } from './primary-failover'
import { failOver } from './steps/fail-over'

const seconds = 120
const worldOf = (lost: number) =>
  ({
    environment: { name: 'prod', aws: { clusterId: 'c', region: 'us-west-2' }, database: {}, pooler: null },
    ask: async (_address: unknown, question: (probe: unknown) => unknown) =>
      question({ position: async () => ({ standby: true, replayPaused: false }) }),
    snapshot: () => ({
      nodes: [],
      candidates: ['r1', 'r2'].map((nodeId) => ({
        nodeId,
        loss: {
          known: true,
          atLeast: { seconds: lost, bytes: 5_000_000 },
          atMost: { seconds: lost + 60, bytes: 9_000_000 },
          confidence: 'medium',
        },
      })),
    }),
  }) as unknown as World
const contextOf = (maxLossSeconds: number) =>
  ({
    inputs: { target: 'r1', maxLossSeconds, overrideReason: '' },
    facts: {
      clusterId: 'c',
      verdict: 'down',
      target: { id: 'r1', host: 'r1', port: 5432, zone: 'a' },
      writerBefore: { id: 'w', host: 'w', port: 5432 },
    },
  }) as unknown as StepContext<FailoverInputs>

test('the act is refused with both figures', async () => {
  expect(await failOver.guard?.(worldOf(seconds), contextOf(60))).toMatch(
    /^Failing over to r1 would lose at least 120 s \([\d.]+ MB\), more than the 60 s allowed\.$/,
  )
})

test('readers that catch up, or a person who allows more, let it through', async () => {
  expect(await failOver.guard?.(worldOf(30), contextOf(60))).toBeNull()
  expect(await failOver.guard?.(worldOf(seconds), contextOf(180))).toBeNull()
})

test('whoever approves reads the most that may be lost before saying yes', async () => {
  const asked = await primaryFailover.ask(worldOf(seconds), contextOf(180))
  expect(asked.title).toContain('lose at most 3 min')
  expect(asked.facts).toContainEqual({ label: 'Loss allowed', value: '180 s' })
})
