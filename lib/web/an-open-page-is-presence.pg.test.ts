/*
 * Kai follows a run on two live pages and touches nothing. Kai is there: who looks for an approver is told so, and Kai's session ends by
 * idleness all the same.
 */
import { expect, it } from 'vitest'
import { peopleOf } from '../commands/testing/people-in-an-incident'
import { idleLimitMs, notePresenceEveryMs } from '../domain/people/session-rules'
import { approversOf } from '../store/people-online'
import { databasePerTest } from '../store/testing/database'
import { sessionReader } from './session-reader'

const database = databasePerTest()
const { someone } = peopleOf(database)

it('a live stream that is open is presence, and nothing more', async () => {
  const kai = await someone('approver', 'Kai')
  const { web, owner, force } = database()
  const began = Date.now()
  const seenAt = async () => (await approversOf(web, [])).approvers.find(({ name }) => name === 'Kai')?.seenAt ?? 0
  const times = async () => {
    const { rows } = await owner.pool.query(
      'SELECT id::text, last_seen_at, present_at FROM session WHERE account_id = $1',
      [kai.person.id],
    )
    return rows[0] as { id: string; last_seen_at: Date; present_at: Date | null }
  }
  await force(`UPDATE session SET last_seen_at = now() - interval '3 min'`)
  expect(await seenAt()).toBeLessThan(began - 2 * 60_000)

  let now = began
  const sessions = sessionReader(web, () => now)
  const { id, last_seen_at } = await times()
  expect(await sessions.standing([id])).toEqual(new Set([id]))
  expect(await seenAt()).toBeGreaterThanOrEqual(began - 1000)

  // It is noted now and then, not with every look.
  const first = (await times()).present_at
  now += notePresenceEveryMs - 1
  await sessions.standing([id])
  expect((await times()).present_at).toEqual(first)
  now += 1
  await sessions.standing([id])
  expect((await times()).present_at).not.toEqual(first)

  expect((await times()).last_seen_at).toEqual(last_seen_at)
  now = last_seen_at.getTime() + idleLimitMs
  expect(await sessions.standing([id])).toEqual(new Set())
})
