import type { Call, PoolerCommand } from '../domain/procedure/call'
import type { JsonValue } from '../domain/procedure/canonical'
import type { DatabaseControl } from '../ports/database'
import type { FleetControl } from '../ports/fleet-control'
import { partlyDone } from '../ports/outcome'
import type { Pooler } from '../ports/pooler'
import type { Reconciler } from '../ports/reconcile'
import { PortError } from '../ports/port-error'
import type { Workloads } from '../ports/workloads'
import { type Turn, TurnOver } from './turn'

/** What the other side said, for the journal. */
export type Reply = { [name: string]: JsonValue }

/** Sends one call, once. Throws PortError whose `outcome` says whether it may have happened. */
export type SendCall = (call: Call, signal: AbortSignal) => Promise<Reply>

export interface EffectPorts {
  fleet: FleetControl
  workloads: Workloads | null
  pooler: Pooler | null
  control: DatabaseControl | null
  reconciler?: Reconciler | null
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
  return async (call, signal): Promise<Reply> => {
    ours()
    switch (call.kind) {
      case 'aws': {
        const answer = await ports.fleet.execute(call, signal)
        return { requestId: answer.requestId, httpStatus: answer.httpStatus }
      }
      case 'kubernetes': {
        if (!ports.workloads) throw notConfigured('Kubernetes')
        const state = await ports.workloads.patchEnv(call.namespace, call.deployment, call.patch)
        return { generation: state.generation, resourceVersion: state.resourceVersion }
      }
      case 'pooler': {
        const { pooler } = ports
        if (!pooler) throw notConfigured('The pooler')
        const done: string[] = []
        let begun = false
        const run = async (one: PoolerCommand): Promise<string> => {
          ours()
          switch (one.command) {
            case 'PAUSE': {
              if ((await pooler.pause(call.database, one.limitMs)) === 'paused') return 'PAUSE'
              begun = true
              return `PAUSE timed out, ${await run({ command: one.atLimit })}`
            }
            case 'KILL':
              await pooler.kill(call.database)
              return one.command
            case 'RECONNECT':
              await pooler.reconnect(call.database)
              return one.command
            case 'RESUME':
              await pooler.resume(call.database)
              return one.command
          }
        }
        for (const command of call.commands) {
          try {
            done.push(await run(command))
          } catch (error) {
            throw begun ? partlyDone(error) : error
          }
          begun = true
        }
        return { done: done.join(', ') }
      }
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
    }
  }
}
