import 'server-only'
import { notFound } from '../../domain/errors'
import { incidentLabel } from '../../domain/incident/incident'
import { leadRight } from '../../domain/incident/rights'
import { isOpen } from '../../domain/incident/status'
import type { ReportView, TrendsView } from '../../domain/incident/view'
import type { ChainVerdict } from '../../domain/record/chain'
import { calendarFile } from '../../domain/report/calendar'
import { rcaAt, splitOf, trendsOf } from '../../domain/report/figures'
import { reportSections } from '../../domain/report/sections'
import type { ReportLag, ReportSectionVersion } from '../../domain/report/view'
import { unless } from '../../domain/right'
import { offsetWords } from '../../domain/zone'
import { procedureBySlug } from '../../procedures/index'
import { listIncidents, readIncident, readRoles } from '../../store/incident'
import { readIncidentLag } from '../../store/incident-lag'
import { readRecordHead, recordEndsWhole } from '../../store/record'
import { listReportActions, listSectionVersions, readSections } from '../../store/report'
import { readRun } from '../../store/run'
import { readTimeline } from '../../store/timeline'
import { sharedByTurns } from '../by-turns'
import { webEnv } from '../env'
import { findPrinter } from '../print'
import type { CurrentSession } from '../session-reader'
import { webStore } from '../store'
import { readChecklistOf } from './checklist'
import { readClocks, runsOf } from './incident-clocks'
import { readIncidents, summaryOf } from './incident-list'
import { readPeople, rightTo } from './rights'

type Person = CurrentSession['person']
const db = () => webStore().prisma
/** By whose clocks reviews are held. */
const reviewZone = () => webEnv().WARROOM_REVIEW_ZONE

/** All story entries, oldest last; a story is short, so it is read whole up to a limit. */
async function wholeStory(number: number): Promise<ReportView['story']> {
  const entries: ReportView['story'] = []
  for (let before: string | undefined; ; ) {
    const page = await readTimeline(webStore(), { number, scope: 'story', limit: 500, ...(before ? { before } : {}) })
    entries.push(...page.entries)
    if (page.before === null || entries.length >= 2000) return entries
    before = page.before
  }
}

const shared = sharedByTurns<ReportView>()

/** A report: figures computed at this reading, words as people saved them. Throws ExpectedError 'not-found'. */
export const readReport = (me: Person, number: number): Promise<ReportView> =>
  shared(`${number} ${me.id} ${me.role}`, () => readCheckedReport(me, number, null))

/** The same with what a walk through the whole record found; null when nobody walked. */
export async function readCheckedReport(me: Person, number: number, checked: ChainVerdict | null): Promise<ReportView> {
  const incident = await readIncident(db(), webEnv().environment.name, number)
  const open = isOpen(incident.status)
  const [roles, runs, story, checklist, saved, actions, people, ends, head, tally] = await Promise.all([
    readRoles(db(), [number]),
    runsOf(number),
    wholeStory(number),
    readChecklistOf(number, open, me),
    readSections(db(), number),
    listReportActions(db(), number),
    readPeople(me),
    recordEndsWhole(webStore()),
    readRecordHead(webStore()),
    readTimeline(webStore(), { number, scope: 'everything', limit: 1 }),
  ])
  const whole = await Promise.all(runs.map(({ id }) => readRun(webStore(), id, webEnv().environment.name)))
  const now = Date.now()
  const clocks = await readClocks(incident, runs, now)
  const base = `/api/export/${number}`
  const commands = roles.get(number)?.some(({ role, holder }) => role === 'commander' && holder?.id === me.id)
  const final = incident.reportState === 'final'
  const write = rightTo(me, 'note')
  const entries = tally.counts.everything
  const zone = reviewZone()
  const review = rcaAt(clocks, zone)
  const chainWhole = checked ? checked.whole : ends
  return {
    incident: summaryOf(incident, roles.get(number)),
    version: incident.reportVersion,
    state: incident.reportState,
    me: { id: me.id, name: me.name },
    people,
    rights: {
      write: unless(write, final ? 'This report is final.' : null),
      finish: leadRight(me.role, commands === true),
    },
    clocks,
    split: splitOf(clocks),
    loss: {
      says: clocks.rpo.says,
      seconds: clocks.rpo.state === 'fixed' && clocks.rpo.atMostMs !== null ? clocks.rpo.atMostMs / 1000 : null,
      bytes: null,
      beats: beatsLost(whole),
      commits: commitsLost(whole),
    },
    story,
    steps: whole.flatMap((run) => {
      const definitions = new Map(
        procedureBySlug(run.procedureId)
          ?.steps(webEnv().environment)
          .map((step) => [step.id, step]),
      )
      return run.steps.map((step) => ({
        runId: run.id,
        runTitle: run.title,
        number: definitions.get(step.stepId)?.number ?? String(step.index + 1),
        title: step.title,
        effect: step.effect,
        stage: step.stage?.title ?? null,
        estimate: definitions.get(step.stepId)?.estimate ?? null,
        actualMs: step.startedAt === null || step.finishedAt === null ? null : step.finishedAt - step.startedAt,
        state: step.state,
      }))
    }),
    approvals: whole.flatMap((run) =>
      run.approvals.map((a) => ({
        runId: run.id,
        title: a.title,
        decision: a.state,
        by: a.decidedBy?.name ?? null,
        at: a.decidedAt,
        digest: a.digest,
        breakGlass: a.kind === 'break-glass',
      })),
    ),
    checklist,
    sections: reportSections.map(({ key, title }) => {
      const section = saved.find((s) => s.key === key)
      return {
        key,
        title,
        text: section?.text ?? '',
        version: section?.version ?? 0,
        savedAt: section?.savedAt ?? null,
        savedBy: section?.savedBy ?? null,
      }
    }),
    actions,
    rca: { at: review, zone, offset: offsetWords(review, zone), icsHref: `/api/calendar/${number}` },
    record: {
      entries,
      whole: chainWhole,
      head: head.hash,
      says: checked
        ? checked.whole
          ? `All ${checked.entries} entries of the record were checked; the chain is whole.`
          : `The record is not whole: ${checked.why}`
        : ends
          ? `${entries} entries; the end of the chain is as it should be. An export checks every entry.`
          : 'The end of the record is not what its head says. Check it with verify-record.',
    },
    exports: {
      pdf: findPrinter() ? `${base}?format=pdf` : null,
      markdown: `${base}?format=md`,
      json: `${base}?format=json`,
      ics: `/api/calendar/${number}`,
    },
  }
}

/** What a section said before, newest first. Throws ExpectedError 'not-found'. */
export async function readSectionVersions(number: number, key: string): Promise<ReportSectionVersion[]> {
  await readIncident(db(), webEnv().environment.name, number)
  if (!reportSections.some((section) => section.key === key)) throw notFound('This section')
  return await listSectionVersions(db(), number, key)
}

/** The lag around an incident, for the report's chart. Throws ExpectedError. */
export async function readReportLag(number: number): Promise<ReportLag> {
  const { environment, impactStartedAt, resolvedAt } = await readIncident(db(), webEnv().environment.name, number)
  return await readIncidentLag(webStore(), { number, environment, impactStartedAt, endedAt: resolvedAt }, Date.now())
}

/** Numbered heartbeats that the old writer acknowledged and the new one never had. */
function beatsLost(runs: { facts: { [name: string]: unknown } }[]): number | null {
  for (const { facts } of runs.toReversed()) {
    const seq = (name: string) => (facts[name] as { seq?: unknown } | null | undefined)?.seq
    const [before, kept] = [seq('beatBefore'), seq('targetBeat')]
    if (typeof before === 'number' && typeof kept === 'number') return Math.max(0, before - kept)
  }
  return null
}

/** Acknowledged commits that the last run counted as gone, by the application's own numbers. */
function commitsLost(runs: { facts: { [name: string]: unknown } }[]): number | null {
  const counted = runs.map(({ facts }) => facts.lostCommits).findLast((lost) => typeof lost === 'number')
  return typeof counted === 'number' ? counted : null
}

/** The review meeting as a calendar file. Throws ExpectedError 'not-found'. */
export async function readCalendar(number: number): Promise<string> {
  const incident = await readIncident(db(), webEnv().environment.name, number)
  const site = webEnv().NEXTAUTH_URL.replace(/\/$/, '')
  const label = incidentLabel(number)
  const zone = reviewZone()
  return calendarFile({
    uid: `${label.toLowerCase()}-rca@${new URL(site).hostname}`,
    at: rcaAt(incident, zone),
    zone,
    minutes: 60,
    title: `Review of ${label}: ${incident.title}`,
    text: `At 14:00 by the clocks of ${zone}. Report: ${site}/incidents/${number}/report`,
    url: `${site}/incidents/${number}/report`,
    now: Date.now(),
  })
}

/** Trends over real incidents that are over. Throws ExpectedError. */
export async function readTrends(): Promise<TrendsView> {
  const [{ items }, incidents] = await Promise.all([
    readIncidents({ kind: 'real' }),
    listIncidents(db(), { environment: webEnv().environment.name, kind: 'real', open: false, limit: 50 }),
  ])
  const detected = new Map(incidents.map(({ number, detectedAt }) => [number, detectedAt]))
  return trendsOf(items.map((item) => ({ ...item, detectedAt: detected.get(item.number) ?? null })))
}
