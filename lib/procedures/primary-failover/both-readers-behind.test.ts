// Scenario 16: the writer is dead, and every reader misses more than was allowed. Nobody is failed over by accident: people wait,
// allow more, or recover to a point in time, and the figure is in front of them.
import { expect, test } from 'vitest'
import type { StepContext, World } from '../contract'
import { primaryFailover } from '.'
import { failOver } from './fail-over'
import type { FailoverInputs } from './inputs'

const seconds = 120
const worldOf = (lost: number, { receives = false, replaySeconds = 0 } = {}) =>
  ({
    environment: { name: 'prod', aws: { clusterId: 'c', region: 'us-west-2' }, database: {}, poolers: [] },
    ask: async (_address: unknown, question: (probe: unknown) => unknown) =>
      question({
        position: async () => ({
          standby: true,
          replayPaused: false,
          receiver: receives ? { status: 'streaming' } : null,
        }),
      }),
    snapshot: () => ({
      diagnosis: { kind: 'primary-down' },
      nodes: [],
      candidates: ['r1', 'r2'].map((nodeId) => ({
        nodeId,
        wait: { known: true, seconds: replaySeconds, bytes: replaySeconds * 1_000_000 },
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

test('a target that still receives is waited for, with both figures and a limit', async () => {
  expect(await failOver.guard?.(worldOf(seconds, { receives: true }), contextOf(60))).toEqual({
    waitsFor: expect.stringMatching(/at least 120 s .* more than the 60 s allowed\. It still receives/),
    waitsMs: 300_000,
  })
})

test('a target that has received everything and has much to replay is waited for, though the writer is dead', async () => {
  expect(await failOver.guard?.(worldOf(0, { replaySeconds: 45 }), contextOf(60))).toEqual({
    waitsFor: expect.stringContaining('45 s of WAL to replay'),
    waitsMs: 300_000,
  })
  expect(await failOver.guard?.(worldOf(0, { replaySeconds: 20 }), contextOf(60))).toBeNull()
})

test('readers that catch up, or a person who allows more, let it through', async () => {
  expect(await failOver.guard?.(worldOf(30), contextOf(60))).toBeNull()
  expect(await failOver.guard?.(worldOf(seconds), contextOf(180))).toBeNull()
})

test('whoever approves reads the most that may be lost before saying yes', async () => {
  const asked = await primaryFailover.ask(worldOf(seconds), contextOf(180), 'approve')
  expect(asked.title).toMatch(/likely loss 2 min, at most 3 min/)
  expect(asked.facts).toContainEqual({ label: 'Loss allowed', value: '180 s of likely loss' })
  // Which figure is which, why they differ, and which of them the run is stopped by: the same that the guard compares.
  expect(asked.loss).toMatchObject({
    atLeast: expect.stringMatching(/^2 min/),
    atMost: expect.stringMatching(/^3 min/),
    why: expect.stringContaining('may have written since its last known position'),
    compared: 'The likely loss is compared with the limit: 2 min of 3 min allowed. The worst case is not.',
  })
})
