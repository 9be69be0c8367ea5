import { describe, expect, it } from 'vitest'
import { closedAtOf } from './closed'
import type { ClusterEvent } from './types'

const event = (at: number, message: string, source = 'w'): ClusterEvent => ({ at, source, message, categories: [] })

describe('since when the writer could not accept writes', () => {
  it('is the shutdown that RDS tells of, with the second that its clock hides', () => {
    expect(closedAtOf([event(10_000, 'DB instance shutdown')], 'w', 9_500)).toBe(11_000)
  })

  it('is not known from silence, from another node or without a writer', () => {
    expect(closedAtOf([], 'w', 9_500)).toBeNull()
    expect(closedAtOf([event(10_000, 'DB instance shutdown', 'r1')], 'w', 9_500)).toBeNull()
    expect(closedAtOf([event(10_000, 'DB instance shutdown')], null, 9_500)).toBeNull()
  })

  it('ends with a restart, whatever the order in which the events are listed', () => {
    const down = event(10_000, 'DB instance shutdown')
    const up = event(12_000, 'DB instance restarted')
    expect(closedAtOf([down, up], 'w', 9_500)).toBeNull()
    expect(closedAtOf([up, down], 'w', 9_500)).toBeNull()
    expect(closedAtOf([down, up, event(14_000, 'DB instance shutdown')], 'w', 9_500)).toBe(15_000)
  })

  it('is disproved by a write that was seen later', () => {
    expect(closedAtOf([event(10_000, 'DB instance shutdown')], 'w', 11_001)).toBeNull()
  })
})
