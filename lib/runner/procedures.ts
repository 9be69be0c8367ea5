import { looksAtOnce } from '../domain/admission'
import type { Snapshot } from '../domain/cluster/types'
import { paceOf } from '../domain/environment'
import type { Application } from '../ports/application'
import type { Database, DatabaseControl } from '../ports/database'
import type { Fleet } from '../ports/fleet'
import type { FleetControl } from '../ports/fleet-control'
import type { Metrics } from '../ports/metrics'
import type { Names, Resolvers } from '../ports/names'
import type { Pooler } from '../ports/pooler'
import type { Reconciler } from '../ports/reconcile'
import type { BackupsLook, Restorer } from '../ports/restore'
import type { Workloads } from '../ports/workloads'
import type { AnyProcedure, Surroundings, World } from '../procedures/contract'
import { procedureBySlug, procedures } from '../procedures/index'
import type { Store } from '../store/client'
import { answerPreflight, takePreflight } from '../store/preflight'
import { listenForSignals, type Signal } from '../store/signal'
import { approvalProof, type PasskeyTrust } from './approval-proof'
import { authoriseFrom } from './authorise'
import { type SendCall, sendBy } from './effects'
import { createEngine } from './engine'
import type { Lease } from './lease'
import { rounds } from './rounds'
import type { EngineSettings } from './run-context'
import { turnOf } from './turn'
import { createWatch } from './watch'
import { createWorlds } from './world'

export interface ProcedureRunner {
  start(): void
  stop(): Promise<void>
}

export interface ProcedureRunnerSettings {
  store: Store
  /** Where to listen for signals; without it runs are polled only. */
  storeUrl: string | null
  lease: Lease
  environment: Surroundings
  ports: {
    fleet: Fleet & { control: FleetControl }
    database: Database
    workloads: Workloads | null
    application?: Application | null
    poolers: readonly Pooler[]
    throughPoolers: ReadonlyMap<string, Database>
    control: DatabaseControl | null
    reconciler?: Reconciler | null
    backups?: BackupsLook | null
    restorer?: Restorer | null
    names?: Names | null
    resolvers?: Resolvers | null
    metrics: Metrics | null
    snapshot: () => Snapshot | null
  }
  /**
   * The guarded database as preflights and dry runs see it, over sessions apart from those of runs that act: whatever
   * people look at takes none of them.
   */
  looks: { database: Database; control: DatabaseControl | null; throughPoolers?: ReadonlyMap<string, Database> }
  /** Told the ids of runs that changed, a few times a second at most. */
  onChanged: (what: 'run' | 'preflight' | 'incident', ids: string[]) => void
  log: EngineSettings['log']
  now?: () => number
  catalogue?: (slug: string) => AnyProcedure | null
  /** Whose passkeys prove an approval; without it approvals need none. */
  passkeys?: PasskeyTrust | null
  /** What stands between a call and the world; the crash tests put themselves in between. */
  wrapSend?: (send: SendCall) => SendCall
  pace?: number
}

/** A look at the prerequisites that takes longer is given up, ms; each of its questions has a shorter limit of its own. */
const preflightLimitMs = 20_000

/** What a promise gives, or null when it takes longer than that many ms. */
async function within<T>(ms: number, promise: Promise<T>): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Changes are gathered this long before screens are told, ms. */
const coalesceMs = 30

/** Everything of a runner that has to do with procedures: engine, preflight, signals. */
export function createProcedureRunner(settings: ProcedureRunnerSettings): ProcedureRunner {
  const { store, environment, ports, log } = settings
  const now = settings.now ?? Date.now
  const pace = settings.pace ?? paceOf(environment.kind)
  const worlds = createWorlds(ports, environment, store, now, pace, settings.storeUrl)
  const looks = createWorlds({ ...ports, ...settings.looks }, environment, store, now, pace, settings.storeUrl)
  const catalogue = settings.catalogue ?? procedureBySlug
  const turn = turnOf(settings.lease)
  const proof = approvalProof(settings.passkeys ?? null)
  const { workloads, application, poolers, control, reconciler, restorer } = ports
  const names = ports.names?.control ?? null
  const send = sendBy(
    { fleet: ports.fleet.control, names, workloads, application, poolers, control, reconciler, restorer },
    turn,
  )
  const changed = new Set<string>()
  let telling: NodeJS.Timeout | null = null
  const hand: EngineSettings = {
    store,
    environment: environment.name,
    turn,
    send: settings.wrapSend ? settings.wrapSend(send) : send,
    catalogue,
    worldFor: (run) => (run.mode === 'dry-run' ? looks : worlds).worldFor(run),
    authorise: authoriseFrom(store, environment, proof),
    onChanged(runId) {
      changed.add(runId)
      telling ??= setTimeout(() => {
        telling = null
        settings.onChanged('run', [...changed])
        changed.clear()
      }, coalesceMs)
    },
    log,
    callLimitMs: 20_000,
  }
  const engine = createEngine(hand)
  const watch = createWatch({ ...hand, pace, proof, procedures })
  let listening: { close(): Promise<void> } | null = null
  const answers = new Set<Promise<void>>()

  async function answerAll(): Promise<void> {
    while (!questions.stopped && turn.holds() && answers.size < looksAtOnce) {
      const asked = await takePreflight(store, environment.name)
      if (!asked) return
      // One that is slow keeps only its own place, not the others waiting.
      const answered = answer(asked)
        .then(() => settings.onChanged('preflight', [asked.id]))
        .catch((error) => log('warn', 'A preflight was not answered', { id: asked.id, error: String(error) }))
        .finally(() => {
          answers.delete(answered)
          questions.wake()
        })
      answers.add(answered)
    }
  }

  async function answer(asked: NonNullable<Awaited<ReturnType<typeof takePreflight>>>): Promise<void> {
    const procedure = catalogue(asked.procedureId)
    if (!procedure) return await answerPreflight(store, asked.id, [], 'This runner does not have that procedure.')
    const world: World = looks.worldFor({
      id: null,
      startedBy: { id: asked.askedBy },
      cluster: environment.aws.clusterId,
    })
    try {
      const inputs = (procedure.draft ?? procedure.inputs).parse(asked.inputs)
      const ctx = { runId: asked.id, mode: asked.mode, inputs, facts: {}, startedAt: now() }
      const checks = await within(preflightLimitMs, procedure.preflight(world, ctx))
      await answerPreflight(
        store,
        asked.id,
        checks ?? [],
        checks ? null : `The prerequisites could not be checked within ${preflightLimitMs / 1000} s. Retry.`,
      )
    } catch (error) {
      log('error', 'A preflight broke off', { id: asked.id, error: String(error) })
      await answerPreflight(store, asked.id, [], 'The prerequisites could not be checked. See the log of the runner.')
    }
  }

  const questions = rounds(answerAll, 1_000, (error) => log('warn', 'Preflights wait', { error: String(error) }))

  const onSignal = (signal: Signal) => {
    if (signal.what === 'preflight') questions.wake()
    else if (signal.what === 'incident') settings.onChanged('incident', [signal.id])
    else {
      engine.wake(signal.id)
      hand.onChanged(signal.id)
    }
  }

  // The moment of taking over is the moment to look, not the next poll. Whoever stands by keeps no session: the one that
  // leads needs its own.
  const onLead = () => {
    engine.wake()
    if (!settings.lease.state.leading) void Promise.all([worlds.close(), looks.close()])
  }

  return {
    start() {
      settings.lease.on('change', onLead)
      engine.start()
      watch.start()
      if (settings.storeUrl) listening = listenForSignals(settings.storeUrl, onSignal)
      questions.start()
    },
    async stop() {
      settings.lease.off('change', onLead)
      if (telling) clearTimeout(telling)
      await listening?.close()
      await Promise.all([engine.stop(), watch.stop()])
      await questions.stop()
      await Promise.all(answers)
      await Promise.all([worlds.close(), looks.close()])
    },
  }
}
