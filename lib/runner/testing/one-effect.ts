import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import type { CommandContext } from '../../commands/context'
import { signedIn } from '../../commands/testing/signed-in'
import type { Role } from '../../domain/people/permissions'
import type { AwsCall } from '../../domain/procedure/call'
import { awsCalls } from '../../domain/procedure/testing/calls'
import type { EffectClass } from '../../domain/procedure/types'
import type { Run } from '../../domain/run/run'
import type { RunState } from '../../domain/run/states'
import { PortError } from '../../ports/port-error'
import { type AnyProcedure, definitionHash, type Step, type Surroundings, type World } from '../../procedures/contract'
import { failoverFacts } from '../../procedures/primary-failover/facts'
import { procedure } from '../../procedures/procedure'
import { createStore, runnerLockMs, type Store } from '../../store/client'
import { leaseStore } from '../../store/lease'
import { type NewRun, readRun } from '../../store/run'
import { listenForSignals } from '../../store/signal'
import type { StoreByRole } from '../../store/testing/database'
import { createRun } from '../../store/testing/runs'
import type { SendCall } from '../effects'
import { createEngine, type Engine } from '../engine'
import { Lease, type LeaseClock } from '../lease'
import type { EngineSettings } from '../run-context'
import { turnOf } from '../turn'
import { askedIn } from './asked'

const throttled = () =>
  new PortError('transient', 'RDS is throttling our requests.', {
    code: 'Throttling',
    outcome: 'rejected',
    probe: 'api',
  })

/** The outside world of these tests: a switch, and a count of how often it was thrown. */
export class Switch {
  thrown = 0
  on = false
  /** What the next call meets: it works, works and loses its answer, is refused, or is lost on the way. */
  next: 'works' | 'reply-lost' | 'refused' | 'lost' = 'works'
  /** Whether a look for the proof finds it. */
  proves = true
  /** What of the figures that were approved no longer holds. */
  outgrown: string | null = null
  /** Somebody asked for a pause while the call was under way. */
  pauseIsAsked = false
  /** What the next way back meets. */
  nextBack: Switch['next'] = 'works'
  /** How many calls, and how many looks, are refused as too many before one is served. */
  throttledCalls = 0
  throttledLooks = 0
  look(): void {
    if (this.throttledLooks === 0) return
    this.throttledLooks -= 1
    throw throttled()
  }
  throwIt: SendCall = async (call) => {
    const back =
      call.kind === 'aws' && call.operation === 'FailoverDBCluster' && call.input.DBClusterIdentifier === 'back'
    if (!back && this.throttledCalls > 0) {
      this.throttledCalls -= 1
      throw throttled()
    }
    const how = back ? this.nextBack : this.next
    if (back) this.nextBack = 'works'
    else this.next = 'works'
    if (how === 'refused')
      throw new PortError('state', 'It is not in a state for that.', { outcome: 'rejected', probe: 'api' })
    if (how === 'lost') throw new PortError('timeout', 'There was no answer.', { outcome: 'unknown', probe: 'timeout' })
    if (!back) this.thrown += 1
    this.on = !back
    if (how === 'reply-lost')
      throw new PortError('timeout', 'There was no answer.', { outcome: 'unknown', probe: 'timeout' })
    return { requestId: 'r' }
  }
}

export const surroundings: Surroundings = {
  name: 'test',
  kind: 'staging',
  aws: {
    accountId: '000000000000',
    region: 'us-west-2',
    drRegion: 'us-east-1',
    clusterId: 'cluster',
    crossRegionReplicaId: null,
  },
  database: { name: 'd', user: 'u', applicationRoles: [], criticalTables: [] },
  kubernetes: null,
  poolers: [],
  policy: { breakGlass: true, twoPersons: true },
}

export const words = { estimate: { lowSeconds: 1, highSeconds: 1 }, why: 'w', provedBy: 'p', undoneBy: 'u' }

/** What a procedure needs that asks for nothing, looks at nothing and leaves nothing. */
export const bare = {
  needs: [],
  inputs: z.unknown(),
  fields: () => [],
  describeInputs: () => [],
  imagined: () => ({ inputs: {}, facts: {} }),
  preflight: async () => [],
  obligations: () => [],
  measures: { facts: [], of: () => [] },
  watchers: [],
}

/** What tests make it fix, and what shared steps need that they put beside it. */
const switchFacts = z
  .object({ ...failoverFacts.shape, seen: z.string(), accepted: z.union([z.string(), z.boolean()]) })
  .partial()

/** Ask (when dangerous), throw the switch, prove it: the smallest procedure that has everything. */
export function switchProcedure(world: Switch, effect: EffectClass, title = 'Throw the switch'): AnyProcedure {
  const call = (id: string): AwsCall => ({
    ...awsCalls.FailoverDBCluster,
    input: { DBClusterIdentifier: id, TargetDBInstanceIdentifier: 'target' },
  })
  const seen = async () => {
    world.look()
    return {
      state: world.on ? ('done' as const) : ('not-started' as const),
      says: world.on ? 'It is on.' : 'It is off.',
    }
  }
  const throwSwitch: Step<unknown, unknown> = {
    ...words,
    id: 'throw',
    title,
    effect,
    call: () => call('cluster'),
    observe: seen,
    verify: async () =>
      world.proves
        ? { state: world.on ? 'proved' : 'not-yet', says: world.on ? 'It is on.' : 'It is off.' }
        : { state: 'failed', says: 'The proof does not come.' },
    everyMs: 40,
    forMs: 2_000,
    settleMs: 150,
    undo: {
      effect,
      call: () => call('back'),
      verify: async () => ({ state: world.on ? 'not-yet' : 'proved', says: world.on ? 'It is on.' : 'It is off.' }),
    },
  }
  const ask: Step<unknown, unknown> = {
    ...words,
    id: 'approve',
    title: 'Approve',
    effect: 'READ',
    asks: true,
    verify: async () => ({ state: 'proved', says: 'Approved.' }),
    everyMs: 40,
    forMs: 2_000,
  }
  return procedure({
    slug: 'switch',
    key: 'P1',
    version: 1,
    title: 'Switch',
    shortTitle: 'Switch',
    purpose: '',
    chooseWhen: '',
    neverWhen: '',
    scenarios: [],
    topologies: [],
    estimate: words.estimate,
    loses: 'candidate',
    unsuited: {},
    ...bare,
    facts: switchFacts,
    bound: z.object({}),
    ask: async () => ({ title: 'Throw it', typeToConfirm: 'it', facts: [], loss: null, covers: ['throw'], bound: {} }),
    outgrown: () => world.outgrown,
    steps: () => (effect === 'DANGEROUS' ? [ask, throwSwitch] : [throwSwitch]),
  })
}

export interface Bench {
  /** As the runner's role. */
  store: Store
  /** Signed in with an account of this name; the same name is the same person. "Starter" starts the runs. */
  person(name: string, role?: Role): Promise<CommandContext>
  start(more?: Partial<NewRun>): Promise<string>
  runner(more?: {
    send?: SendCall
    name?: string
    authorise?: EngineSettings['authorise']
    /** What the catalogue of this runner's version has; null for nothing. */
    procedure?: AnyProcedure | null
    /** The same, asked each time. */
    version?: () => AnyProcedure | null
    /** How much of the waiting is waited (1 = all), and how far this runner's clock is ahead, ms. */
    pace?: number
    clockAheadMs?: number
    ttlMs?: number
    everyMs?: number
    /** What its steps may look at; nothing unless told. */
    world?: Partial<World>
    log?: EngineSettings['log']
    /** The clocks of its machine. */
    clock?: LeaseClock
    /** Happens right after an intent is committed, before anything is sent. */
    afterIntent?: () => Promise<unknown>
    /** As by kill -9 right after this many writes that move a run: nothing is read, written or sent afterwards. */
    diesAfterWrites?: number
    /** Happens right after each of those writes was answered, with its number. */
    afterWrite?: (n: number) => Promise<unknown>
  }): {
    engine: Engine
    lease: Lease
    stop(): Promise<void>
    /** As by kill -9: its store is gone at once, so it renews, releases and writes nothing any more. */
    kill(): Promise<void>
    /** Has it died of `diesAfterWrites`, or begun its last write? */
    dead(): boolean
    dying(): boolean
    /** Its lease runs out now, by the store's clock. */
    lapse(): Promise<void>
  }
  /** What waits for approval, once it does, with what says yes to it. */
  asked(id: string): Promise<ReturnType<typeof askedIn>>
  /** Until it is in one of these states, or `or` holds. */
  reaches(id: string, states: RunState[], limitMs?: number, or?: (run: Run) => boolean): Promise<Run>
  end(): Promise<void>
}

/** Runs of the switch procedure on a real store, with as many runners as a test wants. */
export function bench(
  database: StoreByRole & { runnerUrl: string },
  world: Switch,
  usual: AnyProcedure,
  environment: string = surroundings.name,
): Bench {
  const { runner: store, runnerUrl: url } = database
  const ends: (() => Promise<void>)[] = []
  // A store takes rows of the environments that it was stamped with.
  const stamped = database.owner.pool.query(
    `INSERT INTO environment VALUES ($1, 'staging', now()) ON CONFLICT DO NOTHING`,
    [environment],
  )
  const person: Bench['person'] = async (name, role = 'commander') =>
    await signedIn(database, { login: name.toLowerCase(), name, role }, { name: environment, kind: 'staging' })
  return {
    store,
    person,
    async start(more = {}) {
      const id = randomUUID().slice(0, 8)
      const starter = await person('Starter')
      const startedBy = { id: starter.person.id, name: 'Starter' }
      const run: NewRun = {
        id,
        procedureId: usual.slug,
        procedureVersion: usual.version,
        title: usual.title,
        mode: 'real',
        environment,
        environmentKind: 'staging',
        cluster: 'cluster',
        incidentNumber: null,
        reason: 'a test',
        twoPersons: true,
        inputs: {},
        facts: { clusterId: 'cluster' },
        startedBy,
        steps: usual.steps(surroundings).map((s) => ({
          stepId: s.id,
          title: s.title,
          effect: s.effect,
          definitionHash: definitionHash(usual.version, s),
          ...(s.stage && { stage: s.stage }),
        })),
        resources: [`${environment}/cluster`],
        ...more,
      }
      await stamped
      await createRun(database.owner, run, {
        kind: 'run.started',
        actor: { kind: 'person', ...startedBy },
        text: 'Started',
        runId: id,
      })
      return id
    },
    runner(more = {}) {
      const own = createStore(url, { connections: 3, lockMs: runnerLockMs })
      const death = more.diesAfterWrites === undefined ? null : dieAfter(own, more.diesAfterWrites)
      if (more.afterIntent) afterEach(own, /effect_intend/, more.afterIntent)
      let written = 0
      const { afterWrite } = more
      if (afterWrite) afterEach(own, moves, () => afterWrite(++written))
      const times = { ttlMs: more.ttlMs ?? 600, everyMs: more.everyMs ?? 100, provisionalMs: 60_000 }
      const holder = more.name ?? randomUUID().slice(0, 6)
      const lease = new Lease(leaseStore(own), `collector:${environment}`, holder, times, more.clock)
      const hand: EngineSettings = {
        store: own,
        environment,
        turn: turnOf(lease),
        send: more.send ?? world.throwIt,
        catalogue: more.version ?? (() => (more.procedure === undefined ? usual : more.procedure)),
        worldFor: () =>
          ({
            environment: { ...surroundings, name: environment },
            pace: more.pace ?? 1,
            now: () => Date.now() + (more.clockAheadMs ?? 0),
            house: null,
            snapshot: () => null,
            ...more.world,
          }) as unknown as World,
        authorise: more.authorise ?? (async () => null),
        onChanged: () => {},
        log: more.log ?? (() => {}),
        callLimitMs: 5_000,
      }
      const engine = createEngine(hand)
      lease.start()
      const onLead = () => engine.wake()
      lease.on('change', onLead)
      const listening = listenForSignals(url, (s) => engine.wake(s.id))
      engine.start()
      let stopping: Promise<void> | null = null
      const stop = () => {
        stopping ??= (async () => {
          lease.off('change', onLead)
          await listening.close()
          await engine.stop()
          await lease.stop()
          await own.close().catch(() => {})
        })()
        return stopping
      }
      const kill = async () => {
        await listening.close()
        await own.pool.end()
      }
      ends.push(stop)
      const lapse = async () => {
        await store.pool.query(`UPDATE lease SET expires_at = clock_timestamp() - interval '1 ms' WHERE name = $1`, [
          lease.name,
        ])
      }
      return { engine, lease, stop, kill, lapse, dead: () => death?.dead ?? false, dying: () => death?.dying ?? false }
    },
    async asked(id) {
      return askedIn(await this.reaches(id, ['waiting']))
    },
    async reaches(id, states, limitMs = 25_000, or = () => false) {
      const until = Date.now() + limitMs
      for (;;) {
        const run = await readRun(store, id)
        if (states.includes(run.state) || or(run)) return run
        if (Date.now() > until)
          throw new Error(
            `Run is ${run.state}: ${run.sentence} ${run.steps.map((s) => `${s.stepId} ${s.state} ${s.sentence}`).join('; ')}`,
          )
        await new Promise((resolve) => setTimeout(resolve, 15))
      }
    },
    async end() {
      for (const end of ends) await end()
    },
  }
}

/** A statement that moves a run, a step or the journal; what only says something moves nothing. */
const moves = /record_append|run_moves|approval_request|effect_intend|effect_settle/

/** Does something right after each statement of a kind was answered. */
function afterEach(own: Store, kind: RegExp, then: () => Promise<unknown>): void {
  const query = own.pool.query.bind(own.pool) as (...args: unknown[]) => Promise<unknown>
  own.pool.query = (async (...args: unknown[]) => {
    const result = await query(...args)
    if (kind.test(String((args[0] as { text?: unknown } | null)?.text ?? args[0]))) await then()
    return result
  }) as typeof own.pool.query
}

/** Cuts a store off right after its nth moving write. */
function dieAfter(own: Store, writes: number): { readonly dead: boolean; readonly dying: boolean } {
  const state = { dead: writes === 0, dying: writes === 0, written: 0 }
  const query = own.pool.query.bind(own.pool) as (...args: unknown[]) => Promise<unknown>
  const gone = () => Promise.reject(new Error('Connection terminated unexpectedly'))
  own.pool.query = (async (...args: unknown[]) => {
    if (state.dead) return await gone()
    const text = String((args[0] as { text?: unknown } | null)?.text ?? args[0])
    const last = moves.test(text) && ++state.written >= writes
    state.dying ||= last
    const result = await query(...args)
    state.dead ||= last
    return result
  }) as typeof own.pool.query
  return state
}
