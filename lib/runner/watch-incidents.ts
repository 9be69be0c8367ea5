import { afterProbe, type ChecklistKey, checklistItem } from '../domain/checklist/items'
import type { Incident } from '../domain/incident/incident'
import { isOpen, movesByFacts } from '../domain/incident/status'
import { recovers } from '../domain/procedure/catalogue'
import type { AnyProcedure } from '../procedures/contract'
import { itemsToProbe, keepProbe, lockItem } from '../store/checklist'
import type { Store } from '../store/client'
import { changeIncident, listIncidents, lockIncident, readIncident } from '../store/incident'
import { actedRuns } from '../store/incident-runs'
import { appendRecord } from '../store/record'
import { listRuns } from '../store/run'
import { signal } from '../store/signal'
import { lastDetection, type ToldDiagnosis } from '../store/timeline'
import { inTransaction } from '../store/transaction'
import { type ProbeContext, type ProbedIncident, probeItem } from './checklist-probes'
import { rounds } from './rounds'

interface IncidentWatchSettings {
  store: Store
  runner: string
  /** Every procedure of this version by its address: what a run wrote down is read by its own. */
  catalogue: (slug: string) => AnyProcedure | null
  /** Is it our turn? Two runners do not probe at once. */
  leads: () => boolean
  probe: ProbeContext
  /** An item of an open incident is looked at again after this, ms: one that holds, and one that does not. */
  againAfterMs: { holds: number; open: number }
  log: (level: 'warn' | 'error', message: string, detail: object) => void
}

/** The application is on another database than the one that is configured: that one is checked. */
const cutOverTo = (probe: ProbeContext, clusterId: string): ProbeContext => ({
  ...probe,
  environment: { ...probe.environment, aws: { ...probe.environment.aws, clusterId } },
  cutOver: true,
})

/** While incidents are open: fills their checklists, writes what the collector finds into their timelines, and keeps their status. */
export function createIncidentWatch(settings: IncidentWatchSettings) {
  const { store, probe, log } = settings
  const busy = new Set<string>()
  /** What the timeline of an open incident said last, by its number. */
  const told = new Map<number, ToldDiagnosis>()
  const looking = new Set<Promise<void>>()

  /** What the items of an incident are compared with: its beginning, and what its latest run wrote down; and where they are checked. */
  async function comparedWith(number: number): Promise<{ incident: ProbedIncident; at: ProbeContext }> {
    const [incident, runs] = await Promise.all([
      readIncident(store.prisma, probe.environment.name, number),
      listRuns(store, { incidentNumber: number, limit: 10 }),
    ])
    const real = runs.filter(({ mode }) => mode !== 'dry-run')
    const [baseline] = real.flatMap((run) => settings.catalogue(run.procedureId)?.baseline?.(run.facts) ?? [])
    const moved = real.map((run) => settings.catalogue(run.procedureId)?.movedNames?.(run.facts) ?? null)
    const [successor] = real.flatMap((run) => settings.catalogue(run.procedureId)?.successor?.(run.facts) ?? [])
    return {
      incident: {
        impactStartedAt: incident.impactStartedAt,
        baseline: baseline ?? null,
        movedNames: moved.find((names) => names !== null) ?? null,
      },
      at: successor === undefined ? probe : cutOverTo(probe, successor),
    }
  }

  /** Looks at one item, keeps the evidence, and tells when the state changed. */
  async function look(number: number, key: ChecklistKey): Promise<void> {
    const { incident, at: where } = await comparedWith(number)
    const seen = await probeItem(key, where, incident)
    if (watch.stopped) return
    const at = probe.now()
    await inTransaction(store, async (tx) => {
      // A look that ends after the incident did changes nothing any more: what people resolved with stays the evidence.
      if (!isOpen((await lockIncident(tx, probe.environment.name, number)).status)) return
      const before = await lockItem(tx, number, key)
      if (!before) return
      const after = afterProbe(before, seen.state)
      const kept = await keepProbe(tx, number, key, {
        state: after.state,
        reopened: after.reopened,
        says: after.state === 'hand' ? before.says : seen.says,
        at,
        request: seen.request,
        result: seen.result,
        passed: seen.state === 'pass' ? true : seen.state === 'fail' ? false : null,
      })
      if (after.state === before.state) return
      const title = checklistItem(key)?.title ?? key
      const reopened = after.reopened && !before.reopened
      await appendRecord(tx, 'runner', {
        kind: 'incident.checklist',
        actor: { kind: 'runner', name: settings.runner, epoch: 0 },
        text: reopened ? `${title} holds no more: ${seen.says}` : `${title}: ${seen.says}`,
        incidentNumber: number,
        evidence: { item: key, state: after.state, evidenceId: kept.evidenceId, sha256: kept.sha256 },
      })
    })
    await signal(store, { what: 'incident', id: String(number) })
  }

  /** A change of the diagnosis, into the timeline of every open incident: each is told what it has not said last. */
  async function tellDetection(open: { number: number }[]): Promise<void> {
    const diagnosis = probe.ports.snapshot()?.diagnosis
    if (!diagnosis) return
    const now: ToldDiagnosis = { diagnosis: diagnosis.kind, certainty: diagnosis.certainty }
    for (const { number } of open) {
      // Who takes over, and who sees an incident for the first time, goes on from what its record says.
      const last = told.get(number) ?? (await lastDetection(store.prisma, number)) ?? now
      if (last.diagnosis !== now.diagnosis || last.certainty !== now.certainty) {
        await inTransaction(store, (tx) =>
          appendRecord(tx, 'runner', {
            kind: 'incident.detection',
            actor: { kind: 'collector', name: settings.runner },
            text: diagnosis.headline,
            incidentNumber: number,
            evidence: {
              occurredAt: diagnosis.since,
              detail: diagnosis.detail,
              ...now,
              confidence: diagnosis.confidence,
              because: diagnosis.evidence,
            },
          }),
        )
        await signal(store, { what: 'incident', id: String(number) })
      }
      told.set(number, now)
    }
  }

  /** Moves open incidents along by what their recoveries did; what a person chose since then remains. */
  async function followFacts(open: Incident[]): Promise<void> {
    const runs = await actedRuns(
      store,
      open.map(({ number }) => number),
    )
    for (const { number, status, statusTimes } of open) {
      const recoveries = (runs.get(number) ?? []).filter(({ procedureId, inputs }) => {
        const procedure = settings.catalogue(procedureId)
        return procedure !== null && recovers(procedure, inputs)
      })
      if (movesByFacts({ status, statusTimes }, recoveries).length === 0) continue
      await inTransaction(store, async (tx) => {
        const incident = await lockIncident(tx, probe.environment.name, number)
        let times = incident.statusTimes
        for (const { row, at, sentence } of movesByFacts(incident, recoveries)) {
          times = [...times, { status: row.to, at }]
          await changeIncident(tx, number, { status: row.to, statusTimes: times })
          await appendRecord(tx, 'runner', {
            kind: 'incident.status',
            actor: { kind: 'runner', name: settings.runner, epoch: 0 },
            text: sentence,
            incidentNumber: number,
            evidence: { occurredAt: at, from: row.from, to: row.to, detail: `${row.from} → ${row.to}.` },
          })
        }
      })
      await signal(store, { what: 'incident', id: String(number) })
    }
  }

  /** One round; resolves when every look that it began has ended. */
  async function round(): Promise<void> {
    if (!settings.leads()) {
      told.clear()
      return
    }
    const environment = probe.environment.name
    const incidents = await listIncidents(store.prisma, { environment, open: true, limit: 20 })
    await tellDetection(incidents)
    if (incidents.length > 0) await followFacts(incidents)
    const { holds, open } = settings.againAfterMs
    const due = await itemsToProbe(store.prisma, environment, {
      holdsBefore: probe.now() - holds,
      openBefore: probe.now() - open,
    })
    for (const { number, key } of due) {
      const name = `${number} ${key}`
      if (busy.has(name) || busy.size >= 20) continue
      busy.add(name)
      const done = look(number, key as ChecklistKey)
        .catch((error) => log('warn', 'A checklist item could not be kept', { number, key, error: String(error) }))
        .finally(() => {
          busy.delete(name)
          looking.delete(done)
        })
      looking.add(done)
    }
  }

  const watch = rounds(round, 1000, (error) =>
    log('warn', 'Incidents wait: the store is not responding', { error: String(error) }),
  )
  return {
    async once() {
      await round()
      await Promise.all(looking)
    },
    start: watch.start,
    stop: watch.stop,
  }
}
