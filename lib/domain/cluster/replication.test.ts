/** Which readers replicate: each by its own word or by its own row, never by a row of something else. */
import { describe, expect, it } from 'vitest'
import { judgeReplication, type ReaderAnswer, type SenderRow } from './replication'
import type { NodePosition } from './types'

const position = (change: Partial<NodePosition> = {}): NodePosition => ({
  standby: true,
  at: 100_000,
  systemId: 's1',
  timeline: 2,
  flushLsn: null,
  haveLsn: 1n,
  replayLsn: 1n,
  replayPaused: false,
  receiver: { status: 'streaming', originLsn: 1n, heardAt: 99_000, timeline: 2 },
  beat: null,
  connections: null,
  version: null,
  readOnly: true,
  ...change,
})
const reader = (id: string, of: NodePosition | null, why: string | null = null): ReaderAnswer => ({
  ...{ id, name: id, instance: id, position: of, why },
})
const row = (application: string, change: Partial<SenderRow> = {}): SenderRow => ({
  ...{ application, state: 'streaming', replySeconds: 0.2 },
  ...change,
})
const writer = { systemId: 's1', timeline: 2 }
const judge = (readers: ReaderAnswer[], rows: SenderRow[]) => judgeReplication(readers, rows, writer, 30)

describe('readers', () => {
  it.each([
    ['pg_receivewal', row('pg_receivewal')],
    ['a logical consumer', row('debezium')],
    ['a base backup', row('pg_basebackup', { state: 'backup' })],
  ])('%s never stands in for a reader that is cut off, which is named', (_, other) => {
    const verdict = judge([reader('r1', position()), reader('r2', position({ receiver: null }))], [row('r1'), other])
    expect(verdict.troubles).toEqual(['r2 does not replicate: it has no WAL stream.'])
    expect(verdict.others).toEqual([other.application])
  })

  it('a cascading replica replicates although the writer has no row of it', () => {
    expect(judge([reader('r1', position()), reader('cascading', position())], [row('r1')])).toEqual({
      ...{ troubles: [], doubts: [], others: [] },
    })
  })

  it('on RDS, where every row has the same name, each reader’s own word counts', () => {
    const rows = [row('walreceiver'), row('walreceiver')]
    expect(judge([reader('r1', position()), reader('r2', position())], rows).troubles).toEqual([])
    expect(judge([reader('r1', position()), reader('r2', null, 'No answer within 2 s.')], rows).troubles).toEqual([
      'r2 does not replicate: no answer within 2 s.',
    ])
  })

  it('one that cannot be asked is in doubt when the writer sends to it by name, and lost when it does not', () => {
    const down = reader('r2', null, 'Connection refused.')
    expect(judge([down], [row('r2')])).toMatchObject({ troubles: [], doubts: [expect.stringMatching(/^r2 could not/)] })
    expect(judge([down], [row('r2', { replySeconds: 40 })]).troubles).toHaveLength(1)
    expect(judge([down], [row('r2', { state: 'catchup' })]).troubles).toHaveLength(1)
  })

  it.each([
    [
      position({ receiver: { status: 'streaming', originLsn: 1n, heardAt: 60_000, timeline: 2 } }),
      /last heard .* 40 s ago/,
    ],
    [position({ receiver: { status: 'stopping', originLsn: 1n, heardAt: 99_000, timeline: 2 } }), /is stopping/],
    [position({ standby: false, receiver: null }), /is not a reader/],
    [
      position({ receiver: { status: 'streaming', originLsn: 1n, heardAt: 99_000, timeline: 1 } }),
      /follows timeline 1/,
    ],
    [position({ systemId: 's2' }), /another database/],
  ])('one that follows something else, or nothing lately, is named with the reason', (of, why) => {
    expect(judge([reader('r1', of)], []).troubles).toEqual([expect.stringMatching(why)])
  })
})
