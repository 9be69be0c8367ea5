import { vantageName } from '../../lib/domain/cluster/vantage'
import { type LabFault, LabStateError } from '../contract'
import type { Cluster } from '../postgres/cluster'
import type { Member } from '../postgres/member'
import { until } from '../postgres/position'
import { databaseName } from '../postgres/seed'
import { withClient } from '../postgres/sql'
import { canStart } from './repair'

const option = (member: Member) => ({ id: member.id, title: `${member.id} (${member.zone})` })

function pick(target: string | null, among: Member[]): Member {
  const member = target === null ? among[0] : among.find((candidate) => candidate.id === target)
  if (!member)
    throw new LabStateError(
      'NoTarget',
      target === null ? 'There is nothing to strike.' : `${target} is not a fit target now.`,
    )
  return member
}

/** Faults of the servers themselves, and of the links between them. `repair` brings the whole cluster back. */
export function serverCatalogue(cluster: Cluster, repair: () => Promise<void>): LabFault[] {
  const { topology } = cluster
  const writers = () => [topology.writer]
  const readers = () => topology.members.filter((member) => member !== topology.writer)
  const struck = new Map<string, Member>()

  const simple = (
    id: string,
    title: string,
    group: LabFault['group'],
    among: () => Member[],
    strike: (member: Member, parameters: Record<string, number | string>) => Promise<void> | void,
    relieve: (member: Member) => Promise<void> | void,
    options: { parameters?: LabFault['parameters']; holds?: (member: Member) => boolean } = {},
  ): LabFault => ({
    id,
    title,
    group,
    targets: () => among().map(option),
    parameters: options.parameters ?? [],
    holds() {
      const member = struck.get(id)
      return member !== undefined && (options.holds?.(member) ?? true)
    },
    async start(target, given) {
      const former = struck.get(id)
      if (former) await relieve(former)
      const member = pick(target, among())
      struck.set(id, member)
      await strike(member, given)
    },
    async heal() {
      const member = struck.get(id)
      struck.delete(id)
      if (member) await relieve(member)
      cluster.followers.tend()
    },
  })

  /** A dead server starts again by itself, unless the platform has given its role away meanwhile. */
  const startAgain = async (member: Member) => {
    await cluster.idle()
    if (member.running) return
    const strayed = member !== topology.writer && !topology.isStandby(member)
    if (strayed) await repair()
    else if (member === topology.writer) await topology.startMember(member)
    // One that had received what the present writer never had is made anew by whoever tends the followers.
    member.status = (await canStart(cluster, member.id)) ? 'available' : 'failed'
    cluster.changed()
  }
  const kill = async (member: Member) => {
    await member.server.kill()
    cluster.changed()
  }
  const freeze = (member: Member) => {
    if (member.server.state !== 'running') throw new LabStateError('NotRunning', `${member.id} does not run.`)
    member.server.freeze()
    cluster.changed()
  }
  const thaw = (member: Member) => {
    member.server.thaw()
    cluster.changed()
  }
  const replay = (verb: 'pause' | 'resume') => (member: Member) =>
    withClient(member.behind, topology.login, async (client) => {
      await client.query(`SELECT pg_wal_replay_${verb}()`)
    })

  const dead = { holds: (member: Member) => !member.running }
  const frozen = { holds: (member: Member) => member.frozen }

  return [
    simple('kill-writer', 'Kill the writer', 'Servers', writers, kill, startAgain, dead),
    simple('freeze-writer', 'Freeze the writer', 'Servers', writers, freeze, thaw, frozen),
    simple('kill-reader', 'Kill a reader', 'Servers', readers, kill, startAgain, dead),
    simple('freeze-reader', 'Freeze a reader', 'Servers', readers, freeze, thaw, frozen),
    returnOldWriter(cluster, repair),
    simple(
      'maintenance-due',
      'Maintenance is due',
      'AWS API',
      () => topology.members,
      ({ id }) => cluster.setAttributes(id, { maintenanceDue: true }),
      ({ id }) => cluster.setAttributes(id, { maintenanceDue: undefined }),
    ),
    autoFailover(cluster),
    simple(
      'cut-link',
      'Cut a replication link',
      'Replication',
      readers,
      (m) => m.link.setState({ kind: 'cut' }),
      (m) => m.link.restore(),
    ),
    simple(
      'blackhole-link',
      'Replication link drops everything',
      'Replication',
      readers,
      (m) => m.link.setState({ kind: 'blackhole' }),
      (m) => m.link.restore(),
    ),
    simple(
      'throttle-link',
      'Slow replication link',
      'Replication',
      readers,
      (m, p) =>
        m.link.setState({ kind: 'shaped', bytesPerSecond: Number(p.bytesPerSecond), latencyMs: Number(p.latencyMs) }),
      (m) => m.link.restore(),
      {
        parameters: [
          { name: 'bytesPerSecond', title: 'Bytes per second', type: 'number', default: 2000 },
          { name: 'latencyMs', title: 'Latency, ms', type: 'number', default: 50 },
        ],
      },
    ),
    simple('stop-replay', 'Stop WAL replay', 'Replication', readers, replay('pause'), async (member) => {
      // A node that has been promoted or made anew meanwhile has nothing to resume.
      if (member.server.state === 'running' && topology.isStandby(member)) await replay('resume')(member)
    }),
    simple(
      'partition',
      'Cut us off from the writer',
      'Network',
      () => [...writers(), ...readers()],
      // Pods and the pooler still reach it: only connections of our own role vanish.
      (m) =>
        topology.setClientPath(m, {
          kind: 'blackhole',
          // The collector in the other region has a way of its own.
          only: (startup) =>
            startup?.user === 'warroom' && !startup.viaPooler && startup.applicationName !== vantageName,
        }),
      (m) => topology.setClientPath(m, { kind: 'up' }),
    ),
    lockStorm(cluster),
  ]
}

function returnOldWriter(cluster: Cluster, repair: () => Promise<void>): LabFault {
  const { topology } = cluster
  const olds = () =>
    topology.members.filter((member) => topology.hasOld(member) || (member === topology.writer && !member.running))
  return {
    id: 'return-old-writer',
    title: 'The old writer comes back as a writer',
    group: 'Servers',
    targets: () => olds().map(option),
    parameters: [],
    async start(target) {
      await cluster.idle()
      const member = pick(target, olds())
      if (member !== topology.writer && !(await topology.bringBackOld(member)))
        throw new LabStateError('NoTarget', `${member.id} has no former life to come back from.`)
      await topology.startMember(member)
      cluster.changed()
    },
    heal: repair,
  }
}

/** The platform's own failover, off unless asked for, so that a person can rehearse it manually. */
function autoFailover(cluster: Cluster): LabFault {
  let armed = false
  let waiting = false
  const { topology } = cluster
  const onChange = async () => {
    if (!armed || waiting || topology.writer.running || cluster.status !== 'available') return
    waiting = true
    const still = await until(() => !armed || topology.writer.running, 30_000 / cluster.speedup)
    waiting = false
    if (!still && cluster.status === 'available') cluster.startFailover(null, '')
  }
  cluster.on('change', () => void onChange())
  return {
    id: 'auto-failover',
    title: 'The platform fails over by itself',
    group: 'Servers',
    targets: () => [],
    parameters: [],
    async start() {
      armed = true
      await onChange()
    },
    async heal() {
      armed = false
    },
  }
}

/** One session holds a table, others queue behind it. */
function lockStorm(cluster: Cluster): LabFault {
  let release: (() => void) | null = null
  const { topology } = cluster
  const heal = async () => {
    release?.()
    release = null
  }
  return {
    id: 'lock-storm',
    title: 'Lock storm on castings',
    group: 'Load',
    targets: () => [],
    parameters: [{ name: 'waiters', title: 'Waiting sessions', type: 'number', default: 8 }],
    async start(_target, parameters) {
      await heal()
      const over = new Promise<void>((done) => {
        release = done
      })
      const login = { ...topology.login, database: databaseName }
      const limit = 3_600_000
      await new Promise<void>((held, failed) => {
        void withClient(
          topology.writer.behind,
          login,
          async (client) => {
            await client.query('BEGIN')
            await client.query('LOCK TABLE castings IN ACCESS EXCLUSIVE MODE')
            held()
            await over
          },
          limit,
        ).catch(failed)
      })
      for (let i = 0; i < Math.min(40, Number(parameters.waiters)); i++)
        void withClient(
          topology.writer.behind,
          login,
          (client) => client.query('SELECT count(*) FROM castings'),
          limit,
        ).catch(
          // A waiter dies with the writer; that is the next fault's business.
          () => undefined,
        )
    },
    heal,
  }
}
