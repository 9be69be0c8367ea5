// Two people stand before the same decision sheet. One decision counts, both are told which, and the record has each of them.
import { describe, expect, it } from 'vitest'
import { readIncident } from '../../store/incident'
import { databasePerTest } from '../../store/testing/database'
import { code, peopleOf } from '../testing/people-in-an-incident'
import { decideWay } from './decide'
import { moveIncident } from './lead'

const database = databasePerTest()
const { someone, open, story } = peopleOf(database)
const reason = 'The damage is limited to one table.'
const decided = async (number: number) => (await readIncident(database().web.prisma, 'lab', number)).decided

describe('deciding which way out is taken', () => {
  it('is kept with the incident and told in the story, and starts nothing', async () => {
    const kai = await someone('commander', 'Kai')
    const { number } = await open(kai)
    await decideWay(kai, { number, option: 'P2-extract', reason, seenAt: null })
    expect(await decided(number)).toMatchObject({ option: 'P2-extract', reason, by: { name: 'Kai' } })
    expect((await story(number)).entries[0]).toMatchObject({
      kind: 'decision',
      actor: { name: 'Kai' },
      text: `Decided: P2 Point-in-time recovery: Extract and merge. ${reason}`,
      href: `/incidents/${number}/decision`,
    })
    expect(await database().web.prisma.run.count()).toBe(0)
  })

  it('is for whoever leads: also for a responder who commands this incident, and for no other', async () => {
    const ann = await someone('responder', 'Ann')
    const { number } = await open(ann, { commanderId: ann.person.id })
    const of = { number, option: 'nothing', reason, seenAt: null }
    for (const other of [await someone('responder', 'Bo'), await someone('viewer', 'Vera'), await someone('approver')])
      expect(await code(decideWay(other, of))).toBe('not-allowed')
    await decideWay(ann, of)
    expect(await decided(number)).toMatchObject({ option: 'nothing', title: 'Do nothing' })
  })

  it('by two people at once counts once; the other is told by whom and for what', async () => {
    const [kai, lou] = [await someone('commander', 'Kai'), await someone('commander', 'Lou')]
    const { number } = await open(kai)
    const both = await Promise.allSettled([
      decideWay(kai, { number, option: 'P2-cutover', reason, seenAt: null }),
      decideWay(lou, { number, option: 'P4', reason, seenAt: null }),
    ])
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    const now = await decided(number)
    const lost = both.find((one) => one.status === 'rejected')
    expect(lost?.reason).toMatchObject({ code: 'conflict', message: expect.stringContaining(now?.by.name ?? '?') })
    // Whoever has seen it may decide otherwise; both decisions stay in the record.
    await decideWay(lou, { number, option: 'P2-inspect', reason, seenAt: now?.at ?? null })
    expect(await decided(number)).toMatchObject({ option: 'P2-inspect', by: { name: 'Lou' } })
    expect((await story(number)).entries.filter(({ kind }) => kind === 'decision')).toHaveLength(2)
  })

  it('is a row of the store that names who, what, when and why, or none', async () => {
    const { number } = await open(await someone('commander'))
    const whole = { option: 'P4', title: 'P4', reason, by: { id: 'k', name: 'Kai' }, at: 1 }
    const put = (decided: object) =>
      database().web.pool.query('UPDATE incident SET decided = $2 WHERE number = $1', [number, JSON.stringify(decided)])
    for (const missing of Object.keys(whole))
      await expect(put({ ...whole, [missing]: undefined })).rejects.toMatchObject({ constraint: 'incident_decided' })
    await put(whole)
  })

  it('is refused for what is on no sheet, and once the incident is over', async () => {
    const kai = await someone('commander', 'Kai')
    const { number } = await open(kai)
    for (const option of ['P5', 'P2', 'x'])
      expect(await code(decideWay(kai, { number, option, reason, seenAt: null }))).toBe('invalid')
    await moveIncident(kai, { number, version: 1, move: 'resolve', into: null, reason: 'Nothing was wrong.' })
    expect(await code(decideWay(kai, { number, option: 'nothing', reason, seenAt: null }))).toBe('conflict')
    expect(await decided(number)).toBeNull()
  })
})
