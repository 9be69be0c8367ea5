// After a failover or two the link to a replica breaks: it must not be taken for one that stayed on the first timeline.
import { expect, test } from 'vitest'
import { type Received, withReceived } from './received-timeline'
import type { NodePosition } from './types'

const standby = (haveLsn: bigint | null, receiver: number | null, more: Partial<NodePosition> = {}): NodePosition => ({
  ...{ standby: true, at: 1, systemId: 'A', timeline: receiver ?? 1, flushLsn: null, haveLsn, replayLsn: haveLsn },
  ...{ replayPaused: false, beat: null, connections: null, version: '15', readOnly: true },
  receiver: receiver === null ? null : { status: 'streaming', originLsn: null, heardAt: 1, timeline: receiver },
  ...more,
})
const heard: Received = { systemId: 'A', timeline: 3, haveLsn: 100n }

test('what it received is remembered, and stays received when the receiver is gone', () => {
  const streaming = withReceived(standby(100n, 3), null)
  expect(streaming).toEqual({ position: standby(100n, 3), received: heard })
  const cut = withReceived(standby(120n, null), streaming.received)
  expect([cut.position.timeline, cut.received]).toEqual([3, heard])
})

test.each([
  ['it was made anew with less', standby(99n, null)],
  ['it is a copy of another database', standby(120n, null, { systemId: 'B' })],
  ['it is the writer now', standby(120n, null, { standby: false })],
  ['its position is unknown', standby(null, null)],
])('it is forgotten when %s', (_when, position) => {
  expect(withReceived(position, heard)).toEqual({ position, received: null })
})

test('a later checkpoint of its own counts more', () => {
  expect(withReceived(standby(120n, null, { timeline: 4 }), heard).position.timeline).toBe(4)
})
