import { castmatch } from '../config/castmatch'
import { notFound } from '../domain/errors'
import { incidentLabel } from '../domain/incident/labels'
import { leadRight } from '../domain/incident/rights'
import { isOpen } from '../domain/incident/status'
import type { ReportView, TrendsView } from '../domain/incident/view'
import type { ChainVerdict } from '../domain/record/chain'
import { calendarFile } from '../domain/report/calendar'
import { rcaAt, splitOf, trendsOf } from '../domain/report/figures'
import { reportSections } from '../domain/report/sections'
import type { ReportLag, ReportSectionVersion } from '../domain/report/view'
import { unless } from '../domain/right'
import { measuresOf } from '../domain/run/measure'
import { offsetWords } from '../domain/zone'
import type { Store } from '../store/client'
import { listIncidents, readIncident, readRoles } from '../store/incident'
import { readIncidentLag } from '../store/incident-lag'
import { readRecordHead, recordEndsWhole } from '../store/record'
import { listReportActions, listSectionVersions, readSections } from '../store/report'
import { readRun } from '../store/run'
import { readTimeline } from '../store/timeline'
import { sharedByTurns } from './by-turns'
import { readChecklistOf } from './checklist'
import { stepsOf, type ViewContext, type ViewSource } from './context'
import { readClocks, runsOf } from './incident-clocks'
import { readIncidents, summaryOf } from './incident-list'
import { measuresOfRun, timesOfRun } from './measures'
import { mergedRowsOf } from './merged-rows'
import { readPeople, rightTo } from './rights'

/** All story entries, oldest last; a story is short, so it is read whole up to a limit. */
async function wholeStory({ store }: ViewSource, number: number): Promise<ReportView['story']> {
  const entries: ReportView['story'] = []
  for (let before: string | undefined; ; ) {
    const page = await readTimeline(store, { number, scope: 'story', limit: 500, ...(before ? { before } : {}) })
    entries.push(...page.entries)
    if (page.before === null || entries.length >= 2000) return entries
    before = page.before
  }
}

const readings = new WeakMap<Store, ReturnType<typeof sharedByTurns<ReportView>>>()

/** A report: figures computed at this reading, words as people saved them. Throws ExpectedError 'not-found'. */
export function readReport(context: ViewContext, number: number): Promise<ReportView> {
  const { store, person } = context
  const shared = readings.get(store) ?? sharedByTurns<ReportView>()
  readings.set(store, shared)
  return shared(`${number} ${person.id} ${person.role}`, () => readCheckedReport(context, number, null))
}

/** The same with what a walk through the whole record found; null when nobody walked. */
export async function readCheckedReport(
  context: ViewContext,
  number: number,
  checked: ChainVerdict | null,
): Promise<ReportView> {
  const { store, environment, person: me } = context
  const db = store.prisma
  const incident = await readIncident(db, environment.name, number)
  const open = isOpen(incident.status)
  const [roles, runs, story, checklist, saved, actions, people, ends, head, tally] = await Promise.all([
    readRoles(db, [number]),
    runsOf(context, number),
    wholeStory(context, number),
    readChecklistOf(context, number, open),
    readSections(db, number),
    listReportActions(db, number),
    readPeople(context),
    recordEndsWhole(store),
    readRecordHead(store),
    readTimeline(store, { number, scope: 'everything', limit: 1 }),
  ])
  const whole = await Promise.all(runs.map(({ id }) => readRun(store, id, environment.name)))
  const clocks = await readClocks(context, incident, runs, context.now())
  const base = `/api/export/${number}`
  const commands = roles.get(number)?.some(({ role, holder }) => role === 'commander' && holder?.id === me.id)
  const final = incident.reportState === 'final'
  const write = rightTo(context, 'note')
  const entries = tally.counts.everything
  const { reviewZone: zone, printsPdf } = context.installation
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
    split: splitOf(
      clocks,
      whole.reduce((ms, run) => ms + run.waitedMs + (run.waitingSince === null ? 0 : run.readAt - run.waitingSince), 0),
    ),
    loss: {
      says: clocks.rpo.says,
      seconds: clocks.rpo.state === 'fixed' && clocks.rpo.atMostMs !== null ? clocks.rpo.atMostMs / 1000 : null,
      commits: whole.map((run) => timesOfRun(run).lostCommits).findLast((lost) => lost !== null) ?? null,
    },
    measures: measuresOf(whole.map(measuresOfRun), castmatch.objectives, incident.impactStartedAt),
    story,
    steps: whole.flatMap((run) => {
      const definitions = stepsOf(context, run)
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
    rows: whole.flatMap(mergedRowsOf),
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
          ? `All ${checked.entries} entries checked; hash chain intact.`
          : `The hash chain is broken: ${checked.why}`
        : ends
          ? `${entries} entries; the end of the hash chain is intact. An export checks every entry.`
          : 'The end of the record does not match its head. Run verify-record.',
    },
    exports: {
      pdf: printsPdf ? `${base}?format=pdf` : null,
      markdown: `${base}?format=md`,
      json: `${base}?format=json`,
      ics: `/api/calendar/${number}`,
    },
  }
}

/** What a section said before, newest first. Throws ExpectedError 'not-found'. */
export async function readSectionVersions(
  { store, environment }: ViewSource,
  number: number,
  key: string,
): Promise<ReportSectionVersion[]> {
  await readIncident(store.prisma, environment.name, number)
  if (!reportSections.some((section) => section.key === key)) throw notFound('This section')
  return await listSectionVersions(store.prisma, number, key)
}

/** The lag around an incident, for the report's chart. Throws ExpectedError. */
export async function readReportLag({ store, environment, now }: ViewSource, number: number): Promise<ReportLag> {
  const { name } = environment
  const { impactStartedAt, resolvedAt } = await readIncident(store.prisma, name, number)
  return await readIncidentLag(store, { number, environment: name, impactStartedAt, endedAt: resolvedAt }, now())
}

/** The review meeting as a calendar file. Throws ExpectedError 'not-found'. */
export async function readCalendar(source: ViewSource, number: number): Promise<string> {
  const incident = await readIncident(source.store.prisma, source.environment.name, number)
  const { siteUrl, reviewZone: zone } = source.installation
  const site = siteUrl.replace(/\/$/, '')
  const label = incidentLabel(number)
  return calendarFile({
    uid: `${label.toLowerCase()}-rca@${new URL(site).hostname}`,
    at: rcaAt(incident, zone),
    zone,
    minutes: 60,
    title: `Review of ${label}: ${incident.title}`,
    text: `At 14:00 by the clocks of ${zone}. Report: ${site}/incidents/${number}/report`,
    url: `${site}/incidents/${number}/report`,
    now: source.now(),
  })
}

/** Trends over real incidents that are over. Throws ExpectedError. */
export async function readTrends(source: ViewSource): Promise<TrendsView> {
  const [{ items }, incidents] = await Promise.all([
    readIncidents(source, { kind: 'real' }),
    listIncidents(source.store.prisma, { environment: source.environment.name, kind: 'real', open: false, limit: 50 }),
  ])
  const detected = new Map(incidents.map(({ number, detectedAt }) => [number, detectedAt]))
  return trendsOf(items.map((item) => ({ ...item, detectedAt: detected.get(item.number) ?? null })))
}
