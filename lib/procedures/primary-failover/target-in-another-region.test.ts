/**
 * The replica in the recovery region has the name of a reader at home, and is dead, so that its figures exclude it from no
 * list. P1 offers the reader at home alone, and takes no key of another region as its target.
 */
import { describe, expect, test } from 'vitest'
import { snapshotWithCanaries } from '../../domain/wall/testing/snapshot'
import { everything } from '../testing/surroundings'
import { primaryFailover } from '.'
import { failoverInputs } from './inputs'

describe('the target of a primary failover', () => {
  test('is chosen from the nodes of the home region', () => {
    const snapshot = snapshotWithCanaries()
    const [reader] = snapshot.candidates
    if (!reader) throw new Error('there is no candidate')
    const candidates = [
      { ...reader, nodeId: `us-east-1/${reader.nodeId}`, allowed: 'no' as const, best: false },
      { ...reader, nodeId: `us-east-1/other`, allowed: 'other-region' as const, best: false },
      reader,
    ]
    const target = primaryFailover.fields({ ...snapshot, candidates }, everything).find((f) => f.name === 'target')
    expect(target?.choices?.map((c) => c.value)).toEqual([reader.nodeId])
  })

  test('is never a key of another region', () => {
    expect(failoverInputs.safeParse({ target: 'replica-1' }).success).toBe(true)
    expect(failoverInputs.safeParse({ target: 'us-east-1/replica-1' }).success).toBe(false)
  })
})
