/**
 * A database server is frozen for a while, with every process and every connection where it was, while the collector
 * probes it five times a second and runs, people and the checklist ask it whatever they can. A server in that state keeps
 * each connection that it is offered and serves them all when it goes on. It must then never have more sessions of ours than
 * its budget, not even those that are only being let in, and the collector must see at once that it is back.
 */
import { test } from 'vitest'
import { freezeFor } from './testing/frozen-node'

test('a frozen server never has more than its budget of sessions, and is seen at once when it goes on', async () => {
  await freezeFor(20_000)
}, 90_000)
