// The same as in the quick test of this name, for a minute.
import { test } from 'vitest'
import { freezeFor } from './testing/frozen-node'

test('a server that is frozen for a minute never has more than its budget of sessions', async () => {
  await freezeFor(60_000)
}, 150_000)
