import type { Call, LoadCall, PoolerAddress, PoolerCall, PoolerCommand } from '../domain/procedure/call'
import type { JsonValue } from '../domain/procedure/canonical'
import { endSessionsStatement } from '../domain/procedure/render'
import { formatLoad } from '../domain/restore/loaded'
import type { Application } from '../ports/application'
import type { DatabaseControl } from '../ports/database'
import type { FleetControl } from '../ports/fleet-control'
import type { NamesControl } from '../ports/names'
import { partlyDone } from '../ports/outcome'
import type { Pooler } from '../ports/pooler'
import { PortError } from '../ports/port-error'
import type { Reconciler } from '../ports/reconcile'
import type { Restorer } from '../ports/restore'
import { nothingListens } from '../ports/socket-error'
import type { Workloads } from '../ports/workloads'
import { type Turn, TurnOver } from './turn'

/** What the other side said, for the journal. */
export type Reply = { [name: string]: JsonValue }

/** Sends one call, once. Throws PortError whose `outcome` says whether it may have happened. One that takes long is heard of meanwhile. */
export type SendCall = (call: Call, signal: AbortSignal, heard?: (says: string) => void) => Promise<Reply>

export interface EffectPorts {
  fleet: FleetControl
  workloads: Workloads | null
  /** The cluster in the other region. */
  application?: Application | null
  poolers: readonly Pooler[]
  control: DatabaseControl | null
  reconciler?: Reconciler | null
  restorer?: Restorer | null
  names?: NamesControl | null
}

const notConfigured = (what: string) =>
  new PortError('config', `${what} is not configured for this environment.`, {
    outcome: 'rejected',
    probe: 'not-configured',
  })

/**
 * The one place where a call becomes an effect; each kind goes to its own adapter, as it is. The turn is looked at right
 * before anything goes onto the wire: a runner that was frozen at any time since its intent sends nothing when it thaws.
 * Throws TurnOver then.
 */
export function sendBy(ports: EffectPorts, turn: Pick<Turn, 'holds'>): SendCall {
  const ours = () => {
    if (!turn.holds()) throw new TurnOver()
  }
  return async (call, signal, heard = () => {}): Promise<Reply> => {
    ours()
    switch (call.kind) {
      case 'aws': {
        const answer = await ports.fleet.execute(call, signal)
        return { requestId: answer.requestId, httpStatus: answer.httpStatus }
      }
      case 'names':
        if (!ports.names) throw notConfigured('Route 53')
        return { ...(await ports.names.execute(call, signal)) }
      case 'kubernetes': {
        if (!ports.workloads) throw notConfigured('Kubernetes')
        const state = await ports.workloads.patchEnv(call.namespace, call.deployment, call.patch)
        return { generation: state.generation, resourceVersion: state.resourceVersion }
      }
      case 'scale':
        if (!ports.workloads) throw notConfigured('Kubernetes')
        if (call.replicas === null) throw notConfigured('A number of pods')
        await ports.workloads.scale(call.namespace, call.deployment, call.replicas)
        return { replicas: call.replicas }
      case 'apply': {
        const { application } = ports
        // Never into another cluster than the one that was shown.
        if (application?.context !== call.context) throw notConfigured(`The cluster ${call.context}`)
        return { ...(await application.apply(call, ours)) }
      }
      case 'pooler':
        return await commandPoolers(ports.poolers, call, ours)
      case 'sql': {
        const { control } = ports
        if (!control || control.user !== call.user) throw notConfigured('A role that may change the database')
        const { done } = await control.execute({ host: call.host, port: call.port }, call.statements, ours)
        return { statements: done }
      }
      case 'rows': {
        const { reconciler } = ports
        if (!reconciler || reconciler.user !== call.user) throw notConfigured('A role that may merge rows')
        return { ...(await reconciler.execute(call, ours, signal)) }
      }
      case 'load':
        return await load(ports.restorer ?? null, call, { turn, ours, signal, heard })
      case 'sessions': {
        const { control } = ports
        if (!control || control.user !== call.user) throw notConfigured('A role that may end sessions')
        let begun = false
        for (const { host, port, backends } of call.nodes)
          try {
            await control.execute({ host, port }, [endSessionsStatement(backends)], ours)
            begun = true
          } catch (error) {
            throw begun ? partlyDone(error) : error
          }
        return { nodes: call.nodes.length }
      }
    }
  }
}

/** A load takes long enough to lose the turn in its middle: it ends then, and whoever has the turn begins anew. */
async function load(
  restorer: Restorer | null,
  call: LoadCall,
  hand: { turn: Pick<Turn, 'holds'>; ours: () => void; signal: AbortSignal; heard: (says: string) => void },
): Promise<Reply> {
  if (!restorer) throw notConfigured('Loading a backup')
  const lost = new AbortController()
  const watch = setInterval(() => {
    if (!hand.turn.holds()) lost.abort()
  }, 500)
  try {
    return await restorer.execute(call, {
      mayGoOn: hand.ours,
      signal: AbortSignal.any([hand.signal, lost.signal]),
      progress: (progress) => hand.heard(formatLoad(progress)),
    })
  } catch (error) {
    throw lost.signal.aborted ? new TurnOver() : error
  } finally {
    clearInterval(watch)
  }
}

/** What became of one pooler's commands: each that was done, and the error that ended them. */
interface Commanded {
  done: string[]
  error: unknown
}

/** The commands go to all poolers at once. What fails at one is thrown when all have ended, and says at which it was. */
async function commandPoolers(known: readonly Pooler[], call: PoolerCall, ours: () => void): Promise<Reply> {
  const portOf = (one: PoolerAddress) =>
    known.find(({ name, address }) => name === one.name && address.host === one.host && address.port === one.port)
  const ports = call.poolers.map((one) => ({ one, port: portOf(one) }))
  const found = ports.flatMap(({ one, port }) => (port ? [{ one, port }] : []))
  // Nothing goes to any of them when one is not the one that was shown.
  if (found.length === 0 || found.length < ports.length) throw notConfigured('The pooler')
  const results = await Promise.all(
    found.map(async ({ one, port }) => ({ one, ...(await commandPooler(port, one.database, call.commands, ours)) })),
  )
  const errors = results.flatMap(({ error }) => (error === null ? [] : [error]))
  if (errors.length > 0)
    throw errorOfAll(
      errors,
      results.some(({ done }) => done.length > 0),
    )
  const only = results.length === 1
  return { done: results.map(({ one, done }) => `${only ? '' : `${one.name}: `}${done.join(', ')}`).join('; ') }
}

async function commandPooler(
  pooler: Pooler,
  database: string,
  commands: readonly PoolerCommand[],
  ours: () => void,
): Promise<Commanded> {
  const done: string[] = []
  const run = async (one: PoolerCommand): Promise<void> => {
    ours()
    switch (one.command) {
      case 'PAUSE':
        if ((await pooler.pause(database, one.limitMs)) === 'paused') done.push('PAUSE')
        else {
          done.push('PAUSE timed out')
          await run({ command: one.atLimit })
        }
        return
      case 'KILL':
        await pooler.kill(database)
        break
      case 'RECONNECT':
        await pooler.reconnect(database)
        break
      case 'RESUME':
        await pooler.resume(database)
        break
    }
    done.push(one.command)
  }
  try {
    for (const command of commands) await run(command)
    return { done, error: null }
  } catch (error) {
    return { done, error }
  }
}

/** One error for all: the end of our turn first, then what nobody foresaw, then what waiting does not mend. */
function errorOfAll(errors: readonly unknown[], begun: boolean): unknown {
  const ported = errors.filter((error) => error instanceof PortError)
  const strange = errors.find((error) => error instanceof TurnOver) ?? errors.find((e) => !(e instanceof PortError))
  if (strange !== undefined) return strange
  const worst = ported.find((error) => !nothingListens(error)) ?? ported[0]
  if (!worst) throw new Error('Nothing failed')
  const message = ported.map((error) => error.message).join(' ')
  const all = new PortError(worst.errorClass, message, { ...worst.detail, cause: worst.cause })
  return begun || ported.some((error) => error.detail.outcome === 'unknown') ? partlyDone(all) : all
}
