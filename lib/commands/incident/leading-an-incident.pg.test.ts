// An emergency with several people in it: each changes the same incident at once; nothing is lost or silently overwritten.
import { describe, expect, it } from 'vitest'
import { readChecklist } from '../../store/checklist'
import { readIncident, readRoles } from '../../store/incident'
import { databasePerTest } from '../../store/testing/database'
import { tickByHand } from '../checklist/check'
import type { CommandContext } from '../context'
import { code, note, peopleOf, start } from '../testing/people-in-an-incident'
import { write } from '../timeline/write'
import { declare } from './declare'
import { changeSeverity, moveIncident } from './lead'
import { acceptRole, offerRole, releaseRole, takeRole } from './roles'

const database = databasePerTest()
const { someone, open, everything, story } = peopleOf(database)

describe('declaring', () => {
  it('opens the incident with roles, ten items, its clocks and its first entries', async () => {
    const ann = await someone('responder', 'Ann')
    const detection = {
      at: start - 30_000,
      headline: 'The writer does not respond',
      kind: 'primary-down',
      certainty: 'confirmed',
    } as const
    const { number } = await declare(
      ann,
      {
        title: 'Primary down',
        kind: 'real',
        severity: 'SEV1',
        scenario: 'S1',
        symptoms: ['connect-timeout', 'invented'],
        impactStartedAt: start - 60_000,
        commanderId: ann.person.id,
      },
      detection,
    )
    const incident = await readIncident(database().web.prisma, 'lab', number)
    expect(incident).toMatchObject({ status: 'triage', symptoms: ['connect-timeout'], detectedAt: start - 30_000 })
    expect(incident.nextUpdateDueAt).toBe(start + 15 * 60_000)
    expect((await readRoles(database().web.prisma, [number])).get(number)?.[0]?.holder?.name).toBe('Ann')
    expect(await readChecklist(database().web.prisma, number)).toHaveLength(10)
    expect((await story(number)).entries.map(({ kind }) => kind)).toEqual(['role', 'detection', 'declared'])
  })

  it('that is sent again after a lost answer opens nothing new; another beginning or another person does', async () => {
    const [ann, bo] = [await someone('responder', 'Ann'), await someone('responder', 'Bo')]
    const same = { impactStartedAt: start - 5_000 }
    const [first, again] = await Promise.all([open(ann, same), open(ann, same)])
    expect(again).toEqual(first)
    const numbers = [first, await open(bo, same), await open(ann, { impactStartedAt: start - 4_000 })]
    expect(new Set(numbers.map(({ number }) => number)).size).toBe(3)
    await moveIncident(await someone('commander'), {
      number: first.number,
      version: 1,
      move: 'resolve',
      into: null,
      reason: 'Nothing was wrong.',
    })
    expect((await open(ann, same)).number).not.toBe(first.number)
  })

  it('is refused to viewers, and with an impact in the future', async () => {
    expect(await code(open(await someone('viewer')))).toBe('not-allowed')
    expect(await code(open(await someone('responder'), { impactStartedAt: start + 3_600_000 }))).toBe('invalid')
  })
})

describe('moving on', () => {
  it('lets one of two people at the same moment win and tells the other', async () => {
    const [ann, bo] = [await someone('commander', 'Ann'), await someone('commander', 'Bo')]
    const { number } = await open(ann)
    const move = (who: CommandContext, move: 'investigate' | 'mitigate') =>
      code(moveIncident(who, { number, version: 1, move, into: null }))
    expect((await Promise.all([move(ann, 'investigate'), move(bo, 'mitigate')])).toSorted()).toEqual([
      'conflict',
      'done',
    ])
    const entries = (await everything(number)).entries.filter(({ kind }) => kind === 'status')
    expect(entries).toHaveLength(1)
  })

  it('refuses moves that the table does not have', async () => {
    const ann = await someone('commander')
    const { number } = await open(ann)
    expect(await code(moveIncident(ann, { number, version: 1, move: 'monitor', into: null }))).toBe('conflict')
  })

  it('leaves resolving to who leads, and keeps times in order', async () => {
    const [ann, bo] = [await someone('responder', 'Ann'), await someone('responder', 'Bo')]
    const { number } = await open(ann, { commanderId: ann.person.id })
    const resolve = { number, version: 1, move: 'resolve' as const, into: null }
    expect(await code(moveIncident(bo, resolve))).toBe('not-allowed')
    // Nothing of the checklist was shown to hold: that it is over needs a reason, and the record keeps both.
    const early = { ...ann, now: () => start - 5_000 }
    await expect(moveIncident(early, resolve)).rejects.toMatchObject({
      code: 'invalid',
      fields: { reason: expect.any(Array) },
    })
    await moveIncident(early, { ...resolve, reason: 'A false alarm of the load balancer.' })
    const [last] = (await story(number)).entries
    expect(last?.text).toContain('A false alarm of the load balancer.')
    expect(last?.detail).toContain('10 of 10 checks had not passed')
    const incident = await readIncident(database().web.prisma, 'lab', number)
    expect(incident.resolvedAt).toBe(start)
    expect(await code(changeSeverity(bo, { number, version: 2, severity: 'SEV2', reason: 'it is less' }))).toBe(
      'not-allowed',
    )
  })

  it('counts what a person marked apart from what a check verified', async () => {
    const ann = await someone('commander', 'Ann')
    const { number } = await open(ann, { commanderId: ann.person.id })
    for (const key of ['dns', 'tls'] as const)
      await tickByHand(ann, { number, key, reason: 'Looked at it in the console.' })
    await moveIncident(ann, { number, version: 1, move: 'resolve', into: null, reason: 'The rest is known.' })
    expect((await story(number)).entries[0]?.detail).toContain(
      '8 of 10 checks had not passed. 0 of 10 checks had passed, 2 marked manually.',
    )
  })

  it('merges a duplicate into an open one and both say so', async () => {
    const ann = await someone('commander')
    const [first, second] = [await open(ann), await open(ann)]
    const drill = await open(ann, { kind: 'drill' })
    const merge = (into: number | null) => ({ number: second.number, version: 1, move: 'merge' as const, into })
    expect(await code(moveIncident(ann, merge(drill.number)))).toBe('invalid')
    expect(await code(moveIncident(ann, merge(null)))).toBe('invalid')
    const before = await readIncident(database().web.prisma, 'lab', second.number)
    await moveIncident({ ...ann, now: () => start - 5_000 }, merge(first.number))
    const { statusTimes } = await readIncident(database().web.prisma, 'lab', second.number)
    expect(statusTimes.map(({ status }) => status)).toEqual(['triage', 'merged'])
    expect(statusTimes[1]?.at).toBe(before.statusTimes[0]?.at)
    expect((await story(first.number)).entries[0]?.text).toContain('was merged into this one')
    expect(await code(write(ann, note(second.number, 'too late')))).toBe('conflict')
  })
})

describe('roles', () => {
  it('go to one of two who take them, and change hands by a handshake', async () => {
    const [ann, bo] = [await someone('responder', 'Ann'), await someone('responder', 'Bo')]
    const { number } = await open(ann)
    const role = 'operations' as const
    const taken = await Promise.all([code(takeRole(ann, { number, role })), code(takeRole(bo, { number, role }))])
    expect(taken.toSorted()).toEqual(['conflict', 'done'])
    const [holder, other] = taken[0] === 'done' ? [ann, bo] : [bo, ann]
    expect(await code(acceptRole(other, { number, role }))).toBe('conflict')
    expect(await code(offerRole(other, { number, role, to: other.person.id }))).toBe('not-allowed')
    await offerRole(holder, { number, role, to: other.person.id })
    await acceptRole(other, { number, role })
    expect(await code(releaseRole(holder, { number, role }))).toBe('not-allowed')
    await releaseRole(other, { number, role })
    const held = (await readRoles(database().web.prisma, [number])).get(number)?.find((h) => h.role === role)
    expect(held).toMatchObject({ holder: null, offeredTo: null })
  })
})
