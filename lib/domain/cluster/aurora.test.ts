import { describe, expect, test } from 'vitest'
import { type AuroraReplica, auroraLagOf } from './aurora'

const now = 100_000
const node = (serverId: string, more: Partial<AuroraReplica> = {}): AuroraReplica => ({
  serverId,
  writer: false,
  durableLsn: 900n,
  receivedLsn: 880n,
  lagMs: 18,
  silentMs: 500,
  ...more,
})
const writer = node('w', { writer: true, durableLsn: 1000n, receivedLsn: null, lagMs: null })
const lag = (own: Partial<AuroraReplica>, okAt: number | null = now - 1000) =>
  auroraLagOf('r', { value: [writer, node('r', own)], okAt }, now)

describe('how far an Aurora reader’s cache is behind', () => {
  test('is what the cluster tells of it', () => {
    expect(lag({})).toEqual({ known: true, seconds: 0.018, bytes: 120, replayBytes: 0, replaySeconds: 0 })
  })

  test.each([
    ['nobody has asked yet', () => auroraLagOf('r', { value: null, okAt: null }, now)],
    ['the answer is old', () => lag({}, now - 20_000)],
    ['the cluster itself has not heard of it', () => lag({ silentMs: 60_000 })],
    ['the node is not listed', () => auroraLagOf('x', { value: [writer], okAt: now }, now)],
    ['no lag is told', () => lag({ lagMs: null })],
    ['no position is told', () => lag({ receivedLsn: null })],
  ])('is unknown, and never zero, when %s', (_why, look) => {
    expect(look()).toMatchObject({ known: false, why: expect.stringMatching(/^Aurora/) })
  })
})
