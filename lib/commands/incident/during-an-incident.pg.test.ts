// What people do beside leading: tasks, ticks, updates, pages, walls, alerts, and one report that several write.
import { describe, expect, it } from 'vitest'
import { keepAlert, listOpenAlerts } from '../../store/alert'
import { readChecklist } from '../../store/checklist'
import { listTasks, readIncident } from '../../store/incident'
import { listPages, listUpdates } from '../../store/page'
import { listSectionVersions, readSections } from '../../store/report'
import { databasePerTest } from '../../store/testing/database'
import { testSecret } from '../../store/testing/postgres'
import { proverOf } from '../../store/web-proof'
import { runCheck, tickByHand } from '../checklist/check'
import { postUpdate } from '../communication/post-update'
import type { CommandContext } from '../context'
import { acknowledge, page, showAccount } from '../escalation/page'
import { receiveWebhook } from '../escalation/receive'
import { saveAction, saveSection, setReportState } from '../report/edit'
import { code, peopleOf, site, start } from '../testing/people-in-an-incident'
import { dismissAlert, dismissAlerts } from './dismiss-alert'
import { addTask, finishTask } from './tasks'

const database = databasePerTest()
const { someone, open, everything, story } = peopleOf(database)

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
    expect((await listTasks(database().web.prisma, number))[0]?.doneAt).toBe(start)
  })

  it('marks a tick manually as one, with its reason', async () => {
    const ann = await someone('responder')
    const { number } = await open(ann)
    await tickByHand(ann, { number, key: 'data-integrity', reason: 'counts compared' })
    await runCheck({ ...ann, now: () => start + 1000 }, { number, key: 'dns' })
    const items = await readChecklist(database().web.prisma, number)
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
      expect((await readIncident(database().web.prisma, 'lab', number)).nextUpdateDueAt).toBe(start + 16 * 60_000)
    }
    const [told] = await listUpdates(database().web.prisma, real.number)
    expect(told?.delivery.map(({ channel }) => channel).toSorted()).toEqual(['slack', 'status-page'])
    const drills = await listUpdates(database().web.prisma, drill.number)
    expect(drills).toHaveLength(1)
    expect(drills[0]?.delivery.map(({ channel }) => channel)).toEqual(['slack'])
  })

  it('pages once for a double click, and takes one acknowledgement, from a person or from PagerDuty', async () => {
    const ann = await someone('responder', 'Ann')
    const { number } = await open(ann)
    const input = { number, level: 'L2' as const, channel: 'pagerduty' as const, message: 'Please join' }
    await Promise.all([page(ann, site, input), page(ann, site, input)])
    const [paged, ...more] = await listPages(database().web.prisma, number)
    expect(more).toEqual([])
    const answered = (id: string, by: string, at: number) =>
      receiveWebhook(
        { store: database().web, environment: 'lab', prove: proverOf(testSecret) },
        { alerts: [], ended: [], acknowledged: [{ key: `page-${paged?.id}`, by }], event: { source: 'pagerduty', id } },
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
    const shown = await database().web.prisma.recordEntry.findMany({ where: { kind: 'account.shown' } })
    expect(shown.map(({ text }) => text)).toEqual(['Ann viewed the account number of AWS Support.'])
    expect(shown[0]?.body).not.toContain('123456789')
    expect(await code(showAccount(await someone('viewer'), { service: 'AWS Support' }))).toBe('not-allowed')
  })
})

describe('alerts and the report', () => {
  it('counts the same alert, ignores a replay, and shows it again only when it fires anew', async () => {
    const ann = await someone('responder')
    const alert = {
      source: 'pagerduty' as const,
      fingerprint: 'Q1',
      name: null,
      title: 'Lag',
      severity: 'high',
      resolved: false,
    }
    const db = database().web.prisma
    await Promise.all([1, 1, 1].map(() => keepAlert(db, 'lab', { ...alert, at: start })))
    await keepAlert(db, 'lab', { ...alert, at: start + 1 })
    const waiting = async () => (await listOpenAlerts(db, 'lab')).groups.flatMap((group) => group.alerts)
    const [shown] = await waiting()
    expect(shown?.times).toBe(2)
    await dismissAlert(ann, { id: shown?.id ?? '', reason: 'known trouble' })
    await keepAlert(db, 'lab', { ...alert, resolved: true, at: start + 10 })
    await keepAlert(db, 'lab', { ...alert, at: start + 5 })
    expect(await waiting()).toEqual([])
    await keepAlert(db, 'lab', { ...alert, at: start + 20 })
    const [again] = await waiting()
    const { number } = await open(ann, { alertId: again?.id ?? '' })
    expect(number).toBeGreaterThan(0)
    expect(await waiting()).toEqual([])
  })

  it('counts every alert of a storm, the gravest group first, and dismisses of a group what was seen', async () => {
    const ann = await someone('responder')
    const db = database().web.prisma
    const keep = (i: number, name: string, severity: string, at: number) =>
      keepAlert(db, 'lab', {
        ...{ source: 'alertmanager', fingerprint: `${name}${i}`, name, title: `${name} on node-${i}`, severity },
        ...{ resolved: false, at },
      })
    for (let i = 0; i < 5; i++) await keep(i, 'Down', 'critical', start + i)
    for (let i = 0; i < 218; i++) await keep(i, 'Storm', 'warning', start + 100 + i)
    const shown = await listOpenAlerts(db, 'lab')
    expect(shown.total).toBe(223)
    expect(shown.groups.map(({ name, gravity, count }) => [name, gravity, count])).toEqual([
      ['Down', 'critical', 5],
      ['Storm', 'warning', 218],
    ])
    const [down, storm] = shown.groups
    expect([down?.alerts.length, storm?.alerts.length]).toEqual([5, 10])
    expect(storm?.alerts[0]?.title).toBe('Storm on node-217')
    expect([storm?.firstAt, storm?.lastAt]).toEqual([start + 100, start + 317])
    // One more comes while the dialog is open.
    await keep(218, 'Storm', 'warning', start + 1_000)
    const group = { source: 'alertmanager' as const, name: 'Storm', severity: 'warning', until: storm?.lastAt ?? 0 }
    await dismissAlerts(ann, { ...group, reason: 'known trouble' })
    const left = await listOpenAlerts(db, 'lab')
    expect(left.groups.map(({ name, count }) => [name, count])).toEqual([
      ['Down', 5],
      ['Storm', 1],
    ])
    expect(left.groups[1]?.alerts[0]?.title).toBe('Storm on node-218')
    const written = await db.recordEntry.findMany({ where: { kind: 'alert.dismissed' } })
    expect(written.map(({ text }) => text)).toEqual(['218 alerts named "Storm" were dismissed: known trouble'])
    await expect(dismissAlerts(ann, { ...group, reason: 'known trouble' })).rejects.toThrow('dismissed already')
  })

  it('keeps every version of a section, and the slower of two writers keeps their text', async () => {
    const [ann, bo] = [await someone('commander', 'Ann'), await someone('commander', 'Bo')]
    const { number } = await open(ann)
    const save = (who: CommandContext, text: string, version: number) =>
      code(saveSection(who, { number, key: 'summary', version, text }))
    expect((await Promise.all([save(ann, 'one', 0), save(bo, 'two', 0)])).toSorted()).toEqual(['conflict', 'done'])
    expect(await save(bo, 'three', 1)).toBe('done')
    expect((await readSections(database().web.prisma, number)).map(({ text, version }) => [text, version])).toEqual([
      ['three', 2],
    ])
    const versions = await listSectionVersions(database().web.prisma, number, 'summary')
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
    await database().owner.prisma.account.update({ where: { id: bo.person.id }, data: left })
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
      'The report is now in review.',
      'The report is now final.',
      'The report is now in review.',
    ])
  })
})
