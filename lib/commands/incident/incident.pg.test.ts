/*
 * An emergency with several people in it. Each of them changes the same incident at once; nothing that was written is
 * lost, nothing is silently overwritten, and the record keeps it all in one chain that the app itself cannot edit.
 */
import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { databasePerTest } from '../../../bin/testing/database'
import { ExpectedError } from '../../domain/errors'
import type { Role } from '../../domain/people/permissions'
import { verifyChain } from '../../domain/record/chain'
import { keepAlert, listOpenAlerts } from '../../store/alert'
import { readChecklist } from '../../store/checklist'
import { listTasks, readIncident, readRoles } from '../../store/incident'
import { listPages, listUpdates } from '../../store/page'
import { addAccount } from '../../store/people'
import { readRecord, readRecordHead } from '../../store/record'
import { listSectionVersions, readSections } from '../../store/report'
import { readTimeline } from '../../store/timeline'
import { wallLinkStands } from '../../store/wall'
import { runCheck, tickByHand } from '../checklist/check'
import { postUpdate } from '../communication/post-update'
import type { CommandContext } from '../context'
import { acknowledge, page, showAccount } from '../escalation/page'
import { receiveWebhook } from '../escalation/receive'
import { saveAction, saveSection, setReportState } from '../report/edit'
import { correct, pin, write } from '../timeline/write'
import { createWallLink, revokeWallLink } from '../wall/links'
import { declare } from './declare'
import { dismissAlert } from './dismiss-alert'
import { changeSeverity, moveIncident } from './lead'
import { acceptRole, offerRole, releaseRole, takeRole } from './roles'
import { addTask, finishTask } from './tasks'

const database = databasePerTest()
const start = Date.UTC(2026, 5, 1)
const site = 'https://warroom.example'

async function someone(role: Role, name: string = role): Promise<CommandContext> {
  const account = await addAccount(database().store.prisma, { login: `${name}-${randomUUID()}`, name, role })
  if (!account) throw new Error('login taken')
  return {
    store: database().store,
    person: { id: account.id, name, role },
    sessionId: randomUUID(),
    environment: { name: 'lab', kind: 'lab' },
    now: () => start,
  }
}

let opened = 0
const open = (context: CommandContext, more: Partial<Parameters<typeof declare>[1]> = {}) =>
  declare(context, {
    title: 'Primary database failure',
    kind: 'real',
    severity: 'SEV1',
    scenario: 'S1',
    symptoms: ['connect-timeout'],
    // Each is trouble of its own: the same beginning in the same words would be the same declaration.
    impactStartedAt: start - 60_000 - opened++,
    commanderId: null,
    ...more,
  })
const everything = (number: number) => readTimeline(database().store, { number, scope: 'everything', limit: 500 })
const story = (number: number) => readTimeline(database().store, { number, scope: 'story', limit: 500 })
const note = (number: number, text: string, kind: 'note' | 'decision' = 'note') => ({
  number,
  key: randomUUID(),
  kind,
  text,
  occurredAt: null,
})
const code = (promise: Promise<unknown>) =>
  promise.then(
    () => 'done',
    (error: unknown) => (error instanceof ExpectedError ? error.code : String(error)),
  )

describe('declaring', () => {
  it('opens the incident with roles, ten items, its clocks and its first entries', async () => {
    const ann = await someone('responder', 'Ann')
    const detection = {
      at: start - 30_000,
      headline: 'The writer does not answer',
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
    const incident = await readIncident(database().store.prisma, number)
    expect(incident).toMatchObject({ status: 'triage', symptoms: ['connect-timeout'], detectedAt: start - 30_000 })
    expect(incident.nextUpdateDueAt).toBe(start + 15 * 60_000)
    expect((await readRoles(database().store.prisma, [number])).get(number)?.[0]?.holder?.name).toBe('Ann')
    expect(await readChecklist(database().store.prisma, number)).toHaveLength(10)
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
    expect(last?.detail).toContain('10 of 10 items of the checklist did not hold')
    const incident = await readIncident(database().store.prisma, number)
    expect(incident.resolvedAt).toBe(start)
    expect(await code(changeSeverity(bo, { number, version: 2, severity: 'SEV2', reason: 'it is less' }))).toBe(
      'not-allowed',
    )
  })

  it('merges a duplicate into an open one and both say so', async () => {
    const ann = await someone('commander')
    const [first, second] = [await open(ann), await open(ann)]
    const drill = await open(ann, { kind: 'drill' })
    const merge = (into: number | null) => ({ number: second.number, version: 1, move: 'merge' as const, into })
    expect(await code(moveIncident(ann, merge(drill.number)))).toBe('invalid')
    expect(await code(moveIncident(ann, merge(null)))).toBe('invalid')
    const before = await readIncident(database().store.prisma, second.number)
    await moveIncident({ ...ann, now: () => start - 5_000 }, merge(first.number))
    const { statusTimes } = await readIncident(database().store.prisma, second.number)
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
    const held = (await readRoles(database().store.prisma, [number])).get(number)?.find((h) => h.role === role)
    expect(held).toMatchObject({ holder: null, offeredTo: null })
  })
})

describe('the timeline', () => {
  it('keeps what many write at once, each once, in one whole chain', async () => {
    const people = await Promise.all([1, 2, 3].map((i) => someone('responder', `P${i}`)))
    const ann = people[0] as CommandContext
    const { number } = await open(ann)
    const wrote = people.flatMap((who, i) => [1, 2, 3, 4].map((j) => ({ who, input: note(number, `note ${i} ${j}`) })))
    // Every note is sent twice, as a browser does after a lost answer.
    const ids = await Promise.all([...wrote, ...wrote].map(({ who, input }) => write(who, input)))
    expect(new Set(ids.map(({ id }) => id)).size).toBe(wrote.length)
    const { entries, counts } = await everything(number)
    expect(entries.filter(({ kind }) => kind === 'note')).toHaveLength(wrote.length)
    expect(counts.everything).toBe(entries.length)
    const head = await readRecordHead(database().store)
    expect(await verifyChain(readRecord(database().store), head)).toMatchObject({ whole: true })
  })

  it('cannot be edited or deleted by the app, whatever it tries', async () => {
    const ann = await someone('admin')
    const { number } = await open(ann)
    const { pool } = database().store
    for (const sql of [
      "UPDATE record_entry SET text = 'x'",
      'DELETE FROM record_entry',
      'UPDATE timeline_tally SET story = 0',
      'DELETE FROM status_update',
      'DELETE FROM checklist_evidence',
      "UPDATE report_section SET text = 'x'",
    ])
      await expect(pool.query(sql), sql).rejects.toThrow(/permission denied|append-only/)
    expect((await everything(number)).entries).not.toHaveLength(0)
  })

  it('keeps both times of a back-dated note, and refuses the future', async () => {
    const ann = await someone('responder')
    const { number } = await open(ann)
    await write(ann, { ...note(number, 'it began'), occurredAt: start - 120_000 })
    const entry = (await everything(number)).entries[0]
    expect(entry?.occurredAt).toBe(start - 120_000)
    expect(entry?.recordedAt).not.toBe(entry?.occurredAt)
    expect(await code(write(ann, { ...note(number, 'later'), occurredAt: start + 3_600_000 }))).toBe('invalid')
  })

  it('corrects by another entry, once, and takes the wrong one out of the story', async () => {
    const ann = await someone('responder')
    const { number } = await open(ann)
    const { id } = await write(ann, note(number, 'replica-1 it is', 'decision'))
    const said = await correct(ann, { number, entryId: id, text: 'replica-2 it is' })
    expect(await correct(ann, { number, entryId: id, text: 'replica-2 it is' })).toEqual(said)
    expect(await code(correct(await someone('responder'), { number, entryId: id, text: 'replica-3' }))).toBe('conflict')
    const told = (await story(number)).entries
    expect(told.map((entry) => entry.id)).not.toContain(id)
    expect(told[0]).toMatchObject({ kind: 'correction', corrects: id, text: 'replica-2 it is' })
    expect((await everything(number)).entries.find((entry) => entry.id === id)?.correctedBy).toBe(said.id)
  })

  it('shows pinned notes in the story until they are unpinned, and never those of another incident', async () => {
    const ann = await someone('responder')
    const [{ number }, other] = [await open(ann), await open(ann)]
    const { id } = await write(ann, note(number, 'pods fail on connect only'))
    const told = async () => (await story(number)).entries.map((entry) => entry.id)
    expect(await told()).not.toContain(id)
    await pin(ann, { number, entryId: id, pinned: true })
    expect(await told()).toContain(id)
    await pin(ann, { number, entryId: id, pinned: false })
    expect(await told()).not.toContain(id)
    expect(await code(pin(ann, { number: other.number, entryId: id, pinned: true }))).toBe('not-found')
  })

  it('is read by page without a gap or a repeat, filtered and searched literally', async () => {
    const ann = await someone('responder')
    const { number } = await open(ann)
    for (let i = 0; i < 25; i++) await write(ann, note(number, i === 7 ? '100% of <b>pods</b>' : `note ${i}`))
    const all = (await everything(number)).entries.map(({ id }) => id)
    const paged: string[] = []
    for (let before: string | undefined; ; ) {
      const at = await readTimeline(database().store, {
        number,
        scope: 'everything',
        limit: 7,
        ...(before ? { before } : {}),
      })
      paged.push(...at.entries.map(({ id }) => id))
      if (at.before === null) break
      before = at.before
    }
    expect(paged).toEqual(all)
    const found = await readTimeline(database().store, { number, scope: 'everything', search: '0% of' })
    expect(found.entries.map(({ text }) => text)).toEqual(['100% of <b>pods</b>'])
    const kinds = await readTimeline(database().store, { number, scope: 'everything', kinds: ['declared'] })
    expect(kinds.entries).toHaveLength(1)
    const news = await readTimeline(database().store, { number, scope: 'everything', after: all[3] as string })
    expect(news.entries.map(({ id }) => id)).toEqual(all.slice(0, 3))
  })

  it('opens in its middle, at an entry or at a moment, and goes on from there both ways', async () => {
    const ann = await someone('responder')
    const [{ number }, other] = [await open(ann), await open(ann)]
    for (let i = 0; i < 9; i++) {
      await write(ann, note(number, `note ${i}`))
      // Entries of another incident stand in between.
      await write(ann, note(other.number, 'elsewhere'))
    }
    const { entries } = await everything(number)
    const all = entries.map(({ id }) => id)
    const page = (where: { around: string } | { at: number } | { after: string } | { before: string }) =>
      readTimeline(database().store, { number, scope: 'everything', limit: 4, ...where })
    const middle = await page({ around: all[4] as string })
    expect(middle.entries.map(({ id }) => id)).toEqual(all.slice(2, 6))
    expect(middle.newer).toBe(true)
    const newer = await page({ after: middle.after })
    expect(newer.entries.map(({ id }) => id)).toEqual(all.slice(0, 2))
    expect(newer.newer).toBe(false)
    const older = await page({ before: middle.before as string })
    expect(older.entries.map(({ id }) => id)).toEqual(all.slice(6, 10))
    expect((await page({ at: entries[4]?.recordedAt ?? 0 })).entries.map(({ id }) => id)).toContain(all[4])
    expect((await page({ at: 0 })).entries.map(({ id }) => id)).toEqual(all.slice(-2))
    expect((await page({ at: Date.now() + 60_000 })).entries.map(({ id }) => id)).toEqual(all.slice(0, 2))
  })
})

describe('tasks, checklist, updates and pages', () => {
  it('tells of a task and its end, which happens once', async () => {
    const ann = await someone('responder', 'Ann')
    const { number } = await open(ann)
    const { id } = await addTask(ann, {
      number,
      title: 'look at the pooler',
      assigneeId: ann.person.id,
      dueAt: start + 180_000,
    })
    expect((await everything(number)).entries[0]?.text).toBe('Ann: look at the pooler, back in 3 min')
    const done = await Promise.all([1, 2].map(() => code(finishTask(ann, { number, taskId: id }))))
    expect(done.toSorted()).toEqual(['conflict', 'done'])
    expect((await listTasks(database().store.prisma, number))[0]?.doneAt).toBe(start)
  })

  it('marks a tick by hand as one, with its reason', async () => {
    const ann = await someone('responder')
    const { number } = await open(ann)
    await tickByHand(ann, { number, key: 'data-integrity', reason: 'counts compared' })
    await runCheck({ ...ann, now: () => start + 1000 }, { number, key: 'dns' })
    const items = await readChecklist(database().store.prisma, number)
    expect(items.find(({ key }) => key === 'data-integrity')).toMatchObject({
      state: 'hand',
      hand: { reason: 'counts compared' },
    })
    expect(items.find(({ key }) => key === 'dns')?.askedAt).toBe(start + 1000)
    expect(await code(tickByHand(await someone('viewer'), { number, key: 'dns', reason: 'because' }))).toBe(
      'not-allowed',
    )
  })

  it('posts an update once, makes the next one due, and sends nothing of a drill to the public', async () => {
    const ann = await someone('responder')
    const [real, drill] = [await open(ann), await open(ann, { kind: 'drill' })]
    for (const { number } of [real, drill]) {
      const input = { number, audience: 'status-page' as const, text: 'We are on it', key: 'the-same-key' }
      const later = { ...ann, now: () => start + 60_000 }
      await Promise.all([postUpdate(later, site, input), postUpdate(later, site, input)])
      expect((await readIncident(database().store.prisma, number)).nextUpdateDueAt).toBe(start + 16 * 60_000)
    }
    const [told] = await listUpdates(database().store.prisma, real.number)
    expect(told?.delivery.map(({ channel }) => channel).toSorted()).toEqual(['slack', 'status-page'])
    const drills = await listUpdates(database().store.prisma, drill.number)
    expect(drills).toHaveLength(1)
    expect(drills[0]?.delivery.map(({ channel }) => channel)).toEqual(['slack'])
  })

  it('pages once for a double click, and takes one acknowledgement, from a person or from PagerDuty', async () => {
    const ann = await someone('responder', 'Ann')
    const { number } = await open(ann)
    const input = { number, level: 'L2' as const, channel: 'pagerduty' as const, message: 'Please join' }
    await Promise.all([page(ann, site, input), page(ann, site, input)])
    const [paged, ...more] = await listPages(database().store.prisma, number)
    expect(more).toEqual([])
    const answered = (id: string, by: string, at: number) =>
      receiveWebhook(
        database().store,
        { alerts: [], acknowledged: [{ key: `page-${paged?.id}`, by }], event: { source: 'pagerduty', id } },
        at,
      )
    expect(await answered('e1', 'Dana', start + 30_000)).toBe(true)
    expect(await answered('e1', 'Dana', start + 40_000)).toBe(false)
    expect(await answered('e2', 'Eli', start + 50_000)).toBe(true)
    expect(await code(acknowledge(ann, { pageId: paged?.id ?? '' }))).toBe('conflict')
    const pages = (await story(number)).entries.filter(({ kind }) => kind === 'page')
    expect(pages[0]?.actor.name).toBe('PagerDuty')
    expect(pages.map(({ text }) => text)).toEqual([
      'Page to L2 acknowledged after 30 s by Dana.',
      'Paged L2 Database administrator, DBA Team: Please join',
    ])
    expect(await code(page(ann, site, { ...input, number: null }))).toBe('conflict')
  })

  it('shows an account number only with an entry in the record', async () => {
    const ann = await someone('responder', 'Ann')
    expect((await showAccount(ann, { service: 'AWS Support' })).accountNumber).toBe('123456789')
    const shown = await database().store.prisma.recordEntry.findMany({ where: { kind: 'account.shown' } })
    expect(shown.map(({ text }) => text)).toEqual(['Ann looked at the account number of AWS Support.'])
    expect(shown[0]?.body).not.toContain('123456789')
    expect(await code(showAccount(await someone('viewer'), { service: 'AWS Support' }))).toBe('not-allowed')
  })
})

describe('the wall, alerts and the report', () => {
  it('opens by a link until it is revoked, and keeps no token', async () => {
    const ann = await someone('responder')
    const { href } = await createWallLink(ann, site, { label: 'Room 1' })
    const token = new URL(href).searchParams.get('link') ?? ''
    expect(await wallLinkStands(database().store.prisma, token, start)).toBe(true)
    expect(await wallLinkStands(database().store.prisma, `${token}x`, start)).toBe(false)
    const [link] = await database().store.prisma.wallLink.findMany()
    expect(JSON.stringify(link)).not.toContain(token)
    await revokeWallLink(ann, { id: link?.id ?? '' })
    expect(await wallLinkStands(database().store.prisma, token, start)).toBe(false)
  })

  it('counts the same alert, ignores a replay, and shows it again only when it fires anew', async () => {
    const ann = await someone('responder')
    const alert = { source: 'pagerduty' as const, fingerprint: 'Q1', title: 'Lag', severity: 'high', resolved: false }
    const db = database().store.prisma
    await Promise.all([1, 1, 1].map(() => keepAlert(db, { ...alert, at: start })))
    await keepAlert(db, { ...alert, at: start + 1 })
    const [shown] = await listOpenAlerts(db)
    expect(shown?.times).toBe(2)
    await dismissAlert(ann, { id: shown?.id ?? '', reason: 'known trouble' })
    await keepAlert(db, { ...alert, resolved: true, at: start + 10 })
    await keepAlert(db, { ...alert, at: start + 5 })
    expect(await listOpenAlerts(db)).toEqual([])
    await keepAlert(db, { ...alert, at: start + 20 })
    const [again] = await listOpenAlerts(db)
    const { number } = await open(ann, { alertId: again?.id ?? '' })
    expect(number).toBeGreaterThan(0)
    expect(await listOpenAlerts(db)).toEqual([])
  })

  it('keeps every version of a section, and the slower of two writers keeps their text', async () => {
    const [ann, bo] = [await someone('commander', 'Ann'), await someone('commander', 'Bo')]
    const { number } = await open(ann)
    const save = (who: CommandContext, text: string, version: number) =>
      code(saveSection(who, { number, key: 'summary', version, text }))
    expect((await Promise.all([save(ann, 'one', 0), save(bo, 'two', 0)])).toSorted()).toEqual(['conflict', 'done'])
    expect(await save(bo, 'three', 1)).toBe('done')
    expect((await readSections(database().store.prisma, number)).map(({ text, version }) => [text, version])).toEqual([
      ['three', 2],
    ])
    const versions = await listSectionVersions(database().store.prisma, number, 'summary')
    expect(versions.map(({ version, text }) => [version, text])).toEqual([
      [2, 'three'],
      [1, expect.stringMatching(/^(one|two)$/)],
    ])
    const action = {
      number,
      title: 'choose by WAL',
      ownerId: bo.person.id,
      dueOn: '2026-07-01',
      state: 'open' as const,
    }
    const { id } = await saveAction(ann, { ...action, id: null, version: 0 })
    expect(await code(saveAction(ann, { ...action, id, version: 1, state: 'done' }))).toBe('done')
    expect(await code(saveAction(bo, { ...action, id, version: 1, state: 'dropped' }))).toBe('conflict')
    // Its owner leaves: it is still theirs, and nothing new becomes theirs.
    const left = { disabledAt: new Date(start) }
    await database().store.prisma.account.update({ where: { id: bo.person.id }, data: left })
    expect(await code(saveAction(ann, { ...action, id, version: 2, dueOn: '2026-07-02' }))).toBe('done')
    expect(await code(saveAction(ann, { ...action, id: null, version: 0 }))).toBe('not-found')
  })

  it('makes a report final after a review, by who leads, and holds it still until it is reviewed again', async () => {
    const [ann, bo, cy] = [await someone('commander', 'Ann'), await someone('responder', 'Bo'), await someone('viewer')]
    const { number } = await open(ann)
    const move = (who: CommandContext, version: number, to: 'draft' | 'in-review' | 'final') =>
      code(setReportState(who, { number, version, to }))
    expect(await move(ann, 1, 'final')).toBe('conflict')
    expect(await move(cy, 1, 'in-review')).toBe('not-allowed')
    expect(await move(bo, 1, 'in-review')).toBe('done')
    expect(await move(ann, 1, 'draft')).toBe('conflict')
    expect(await move(bo, 2, 'final')).toBe('not-allowed')
    expect(await move(ann, 2, 'final')).toBe('done')
    expect(await code(saveSection(ann, { number, key: 'summary', version: 0, text: 'late' }))).toBe('conflict')
    expect(await move(bo, 3, 'in-review')).toBe('not-allowed')
    expect(await move(ann, 3, 'in-review')).toBe('done')
    expect(await code(saveSection(bo, { number, key: 'summary', version: 0, text: 'in time' }))).toBe('done')
    const told = (await everything(number)).entries.map(({ text }) => text)
    expect(told.filter((text) => text.startsWith('The report is'))).toEqual([
      'The report is in review now.',
      'The report is final now.',
      'The report is in review now.',
    ])
  })
})
