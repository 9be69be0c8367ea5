import { describe, expect, test } from 'vitest'
import type { Snapshot } from '../../domain/cluster/types'
import type { Surroundings } from '../../procedures/contract'
import type { CommandContext } from '../context'
import { startRun } from './start-run'

// Nothing in here may reach the store: it would be an error of another kind.
const context = {
  store: null,
  person: { id: 'r', name: 'Robin', role: 'responder' },
  environment: { name: 'castmatch-prod', kind: 'production' },
  now: () => 0,
} as unknown as CommandContext
const environment = { name: 'castmatch-prod', kind: 'production' } as Surroundings
const input = {
  slug: 'primary-failover',
  mode: 'real' as const,
  reason: 'The writer is down and that is confirmed.',
  typedEnvironment: 'castmatch-prod',
  inputs: { target: 'castmatch-prod-replica-1' },
}
const seen = (topology: Snapshot['topology'], candidates: { allowed: string }[] = []) =>
  ({ topology, rdsObservedAt: 1, candidates }) as unknown as Snapshot
const start = (more: Partial<typeof input>, picture: Snapshot | null = null) =>
  startRun(context, environment, { ...input, ...more }, picture)

describe('a run is not started', () => {
  test('on a database of a shape that the procedure cannot run on, whatever the prerequisites said', async () => {
    await expect(start({}, seen('unknown'))).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('an unsupported database topology'),
    })
  })

  test('where nothing could take over', async () => {
    await expect(start({}, seen('instance'))).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('nothing can take over'),
    })
  })

  test.each([
    ['a target that is no instance id', { inputs: { target: 'Replica 1' } }, 'inputs.target'],
    ['the environment’s name not typed', { typedEnvironment: 'lab' }, 'typedEnvironment'],
    ['a password among what was entered', { reason: 'password=hunter2hunter2 is needed' }, 'reason'],
  ])('with %s, and the field says so', async (_what, more, field) => {
    await expect(start(more, seen('hybrid', [{ allowed: 'allowed' }]))).rejects.toMatchObject({
      code: 'invalid',
      fields: { [field]: [expect.any(String)] },
    })
  })
})
