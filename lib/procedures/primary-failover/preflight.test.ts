import { describe, expect, test } from 'vitest'
import { keeperOf } from '../../adapters/kubernetes/owners'
import type { AskedRight, SimulatedRight } from '../../domain/cluster/aws-rights'
import { rankCandidates } from '../../domain/cluster/candidates'
import type { ContainerEnvironment } from '../../domain/cluster/containers'
import type { FenceRights } from '../../domain/cluster/fence-rights'
import { documentedStatuses, rdsStatus } from '../../domain/cluster/rds-status'
import { type CandidateView, type Diagnosis, diagnosisKinds } from '../../domain/cluster/types'
import { WalClock } from '../../domain/cluster/wal-clock'
import { PortError } from '../../ports/port-error'
import type { StepContext, World } from '../contract'
import { primaryFailover } from '.'
import type { FailoverInputs } from './inputs'

const now = Date.UTC(2026, 10, 23)
const minutes = (n: number) => n * 60_000

interface Scene {
  /** Null where a session token came without it; absent for keys that do not expire. */
  expiresAt?: number | null
  accepted?: number | null
  diagnosis?: Partial<Diagnosis>
  keeper?: string | null
  autoscaler?: { name: string; least: number; most: number } | null
  /** Bytes certainly lost by each candidate. */
  lost?: Record<string, number>
  maintenance?: string[] | PortError
  mayScale?: boolean
  /** AWS's clock minus ours, ms. */
  clockOffMs?: number
  /** What pods dial. */
  host?: string
  /** Containers by deployment, as far as they are not one that has the host as a plain value. */
  containers?: Record<string, Partial<ContainerEnvironment>[]>
  paused?: string[]
  lone?: 'single' | 'multi-az'
  mode?: 'real' | 'drill'
  /** What RDS reports of nodes and of the cluster (`c`); available where nothing is said. */
  statuses?: Record<string, string>
  inputs?: Partial<FailoverInputs>
  pooler?: boolean
  /** What the recovery role may do; none is configured when it is not given. */
  rights?: Partial<FenceRights>
  /** What IAM answers to a simulation of each operation, when it differs from `allowed`; `not-asked`: it refuses to. */
  iam?: Record<string, Partial<SimulatedRight>> | 'not-asked'
  identity?: string
  quarantine?: string
}

const appRights = { name: 'app', exists: true, superuser: false, replication: false, admin: true, endsSessions: true }
const allowed: FenceRights = {
  user: 'recovery',
  superuser: false,
  createRole: true,
  version: '17.10',
  major: 17,
  database: 'd',
  owner: 'recovery',
  ownsDatabase: true,
  roles: [appRights, { ...appRights, name: 'u', admin: false }],
}
const away = () => Promise.reject(new PortError('unreachable', 'It is away.', { outcome: 'rejected', probe: 'closed' }))
const candidate = (nodeId: string, bytes: number): CandidateView => ({
  nodeId,
  reachable: true,
  allowed: 'allowed',
  reason: 'fits',
  best: nodeId === 'r1',
  loss: { known: true, atLeast: { seconds: 0, bytes }, atMost: { seconds: 0, bytes }, confidence: 'high' },
  wait: { known: true, seconds: 0, bytes: 0 },
  observedAt: now,
})

/** Whom IAM was asked about by the last preflight. */
let principals: string[] = []

const everyStatus = [...documentedStatuses, 'unheard-of']

/** How the table of candidates judges a reader, or the standby of a lone instance, of this status; all else is well. */
function ranked(status: string, standby = false) {
  const clock = new WalClock(10)
  clock.push(1n, now, 1)
  const position = {
    ...{ standby: true, at: now, timeline: 1, flushLsn: null, haveLsn: 1n, replayLsn: 1n, replayPaused: false },
    ...{ receiver: null, beat: null, connections: null, version: '15', systemId: 'A', readOnly: true },
  }
  const [view] = rankCandidates(
    [
      {
        ...{ nodeId: 'r1', name: 'r1', crossRegion: false, reachable: true, rdsStatus: status, tier: 1, zone: 'r1' },
        seen: { nodeId: 'r1', startedAt: now, endedAt: now, value: position },
        ...(standby ? { standby } : {}),
      },
    ],
    'w',
    {
      ...{ now, topology: 'hybrid', closedAt: null, clock, lateAfterSeconds: 10 },
      writer: { at: now, lsn: 1n, timeline: 1, systemId: 'A', from: 'its own answer' },
      objectives: { targetSeconds: 900, maximumSeconds: 3600 },
    },
  )
  if (!view || view.allowed === 'other-region') throw new Error('the reader of this region was not ranked')
  return view.allowed
}

async function checks(scene: Scene) {
  const instance = (id: string) => ({
    id,
    status: scene.statuses?.[id] ?? 'available',
    zone: id,
    instanceClass: 'c',
    pending: [],
    address: id === 'w' || scene.rights ? { host: `${id}.rds`, port: 5432 } : null,
    region: 'us-west-2',
    engine: 'postgres',
    clusterId: scene.lone ? null : 'c',
    replicaSourceId: id === 'w' ? null : 'w',
    multiAz: scene.lone === 'multi-az',
  })
  const instances = [instance('w'), instance('r1'), instance('r2')]
  principals = []
  const world = {
    environment: {
      name: 'prod',
      kind: 'production',
      aws: {
        ...{ accountId: '1', region: 'us-west-2', drRegion: 'us-east-1', clusterId: 'c', crossRegionReplicaId: null },
        quarantineSecurityGroupId: scene.quarantine ?? null,
      },
      database: {
        name: 'd',
        user: 'u',
        recovery: scene.rights ? { user: 'recovery' } : null,
        applicationRoles: ['app'],
        criticalTables: [],
      },
      kubernetes: { context: 'k', namespace: 'n', deployments: ['api', 'worker'], hostVariable: 'DATABASE_HOST' },
      poolers: scene.pooler ? [{ name: 'p', host: 'p', port: 6432, database: 'd', user: 'u' }] : [],
      policy: { breakGlass: true, twoPersons: true },
    },
    pace: 1,
    now: () => now,
    snapshot: () => ({
      nodes: [],
      diagnosis: {
        kind: 'primary-down',
        certainty: 'confirmed',
        scenario: 'S1',
        headline: 'It is down.',
        ...scene.diagnosis,
      },
      candidates: Object.entries(scene.lost ?? { r1: 0, r2: 0 }).map(([id, bytes]) => candidate(id, bytes)),
    }),
    fleet: {
      identity: async () => ({
        account: '1',
        arn: scene.identity ?? 'arn:aws:sts::1:assumed-role/war-room/i-1',
        serverAt: now - (scene.clockOffMs ?? 0),
      }),
      simulate: async (principal: string, asked: AskedRight[]): Promise<SimulatedRight[]> => {
        principals.push(principal)
        const { iam = {} } = scene
        if (iam === 'not-asked')
          throw new PortError('auth', 'AWS IAM denies this identity the right to do that (AccessDenied).', {
            outcome: 'rejected',
            probe: 'auth',
          })
        return asked.map((right) => ({
          ...{ ...right, decision: 'allowed', boundaryAllows: true, organisationAllows: true, missingContext: [] },
          ...iam[right.operation],
        }))
      },
      credentials: async () =>
        scene.expiresAt === undefined ? { temporary: false } : { temporary: true, expiresAt: scene.expiresAt },
      maintenance: async () => {
        if (scene.maintenance instanceof PortError) throw scene.maintenance
        return (scene.maintenance ?? []).map((resource) => ({ resource, action: 'system-update' }))
      },
      guarded: async () => ({
        cluster: scene.lone
          ? null
          : {
              status: scene.statuses?.c ?? 'available',
              engine: 'postgres',
              tags: { 'dr-lab': 'hybrid' },
              members: [{ id: 'w', isWriter: true, promotionTier: 0 }],
            },
        instances,
      }),
      events: async () => [],
    },
    workloads: {
      canI: async (_verb: string, resource: string) => resource !== 'deployments/scale' || (scene.mayScale ?? true),
      read: async (_namespace: string, name: string) => ({
        paused: (scene.paused ?? []).includes(name),
        containers: (scene.containers?.[name] ?? [{}]).map((more) => ({
          name: 'api',
          init: false,
          env: { DATABASE_HOST: scene.host ?? 'cluster.rds' },
          references: {},
          sources: [],
          ...more,
        })),
      }),
      owners: async () => ({ keeper: scene.keeper ?? null, autoscaler: { known: true, is: scene.autoscaler ?? null } }),
    },
    poolers: scene.pooler ? [{ name: 'p', pools: away }] : [],
    ask: away,
    survey: away,
    lookAtFence: async () => null,
    fenceRights: async () => ({ ...allowed, ...scene.rights }),
    house: {
      otherRun: async () => null,
      storeWritable: async () => true,
      recordWhole: async () => true,
      approversOnline: async () => 1,
      lastAccepted: async () => scene.accepted ?? null,
    },
  } as unknown as World
  const inputs = { target: 'r1', maxLossSeconds: 60, overrideReason: '', ...scene.inputs }
  const ctx = { mode: scene.mode ?? 'real', inputs } as StepContext<FailoverInputs>
  const found = await primaryFailover.preflight(world, ctx)
  return (id: string) => {
    const check = found.find((c) => c.id === id)
    return `${check?.result}: ${check?.message}`
  }
}

describe('the prerequisites of a failover', () => {
  // Scenario 14: the runner's clock is ten minutes ahead; AWS would refuse every request as expired.
  test('a clock that is a minute off AWS’s blocks, one of seconds warns, rounding passes', async () => {
    expect((await checks({ clockOffMs: minutes(10) }))('PF4')).toMatch(/^block: Our clock is 10 min off AWS’s/)
    expect((await checks({ clockOffMs: -minutes(10) }))('PF4')).toMatch(/^block/)
    expect((await checks({ clockOffMs: 5_000 }))('PF4')).toMatch(/^warn/)
    expect((await checks({ clockOffMs: 900 }))('PF4')).toMatch(/^pass/)
  })

  test('credentials that end within a quarter of an hour block, within the run they warn', async () => {
    expect((await checks({}))('PF2')).toMatch(/^pass: .*do not expire/)
    expect((await checks({ expiresAt: null }))('PF2')).toMatch(/^warn: When the credentials expire is unknown/)
    expect((await checks({ expiresAt: now + minutes(14) }))('PF2')).toMatch(/^block/)
    expect((await checks({ expiresAt: now + minutes(44) }))('PF2')).toMatch(/^warn/)
    expect((await checks({ expiresAt: now + minutes(46) }))('PF2')).toMatch(/^pass/)
  })

  // Seen: the role lost rds:FailoverDBCluster in a clean-up, and nobody knew before the writer was dead.
  test('what the policies deny for certain blocks before the run, by operation, resource and reason', async () => {
    const pf3 = async (scene: Scene) => (await checks(scene))('PF3')
    expect(await pf3({})).toBe(
      'pass: The policies of arn:aws:sts::1:assumed-role/war-room/i-1 allow FailoverDBCluster.',
    )
    expect(principals).toEqual(['arn:aws:iam::1:role/war-room'])
    // Accepted before is no proof of now.
    const taken = { iam: { FailoverDBCluster: { decision: 'implicit-deny' } }, accepted: now - minutes(90) } as const
    expect(await pf3(taken)).toBe(
      'block: FailoverDBCluster is denied on arn:aws:rds:us-west-2:1:cluster:c: no policy allows it. Change the policies of arn:aws:iam::1:role/war-room.',
    )
    const conditional = { decision: 'implicit-deny', missingContext: ['aws:SourceIp'] } as const
    expect(await pf3({ iam: { FailoverDBCluster: conditional } })).toMatch(/^warn: .*depends on aws:SourceIp/)
  })

  test('the operation is the one that this target takes, on what it is sent to', async () => {
    const denied = { decision: 'explicit-deny' } as const
    const iam = { FailoverDBCluster: denied, RebootDBInstance: denied, PromoteReadReplica: denied }
    expect((await checks({ iam, lone: 'single' }))('PF3')).toMatch(
      /^block: PromoteReadReplica is denied on arn:aws:rds:us-west-2:1:db:r1: a policy denies it explicitly/,
    )
    expect((await checks({ iam, lone: 'multi-az', inputs: { target: 'w' } }))('PF3')).toMatch(
      /^block: RebootDBInstance is denied on arn:aws:rds:us-west-2:1:db:w/,
    )
  })

  test('a denied fence by security group warns, and says what fences instead', async () => {
    const scene = { quarantine: 'sg-1', iam: { ModifyDBInstance: { decision: 'implicit-deny' } } } as const
    expect((await checks(scene))('PF3')).toMatch(/^warn: ModifyDBInstance .*:db:w: .*Nothing would fence/)
    expect((await checks({ ...scene, rights: {} }))('PF3')).toMatch(/^warn: .*fenced by SQL only/)
    expect((await checks({ ...scene, iam: {} }))('PF3')).toMatch(/^pass: .*FailoverDBCluster, ModifyDBInstance\.$/)
  })

  test('where nothing can be simulated, what was accepted before proves it, and a warning says what to try', async () => {
    expect((await checks({ iam: 'not-asked' }))('PF3')).toBe(
      'warn: Permissions could not be simulated: AWS IAM denies this identity the right to do that (AccessDenied). FailoverDBCluster has never been accepted from arn:aws:sts::1:assumed-role/war-room/i-1. Run a drill, or allow iam:SimulatePrincipalPolicy and iam:GetRole on arn:aws:iam::1:role/war-room.',
    )
    expect((await checks({ iam: 'not-asked', accepted: now - minutes(90) }))('PF3')).toMatch(
      /^pass: FailoverDBCluster was accepted .* 90 min ago/,
    )
    expect((await checks({ identity: 'arn:aws:iam::1:root' }))('PF3')).toMatch(
      /^warn: Permissions could not be simulated: arn:aws:iam::1:root is neither a user nor a role\./,
    )
    expect(principals).toEqual([])
  })

  test('what the diagnosis speaks against needs a reason, which is told; a partition of our own is never set aside', async () => {
    const healthy = { diagnosis: { kind: 'healthy', scenario: null, headline: 'All is well.' } } as const
    const reason = 'Planned by the vendor, see the ticket'
    expect((await checks(healthy))('PF6')).toMatch(/^block/)
    expect((await checks({ ...healthy, inputs: { overrideReason: reason } }))('PF6')).toBe(
      `warn: All is well. Nothing calls for this procedure; start a drill to rehearse it. Overridden: ${reason}`,
    )
    const damaged = { diagnosis: { scenario: 'S2' } } as const
    expect((await checks(damaged))('PF6')).toMatch(/^block/)
    expect((await checks({ ...damaged, inputs: { overrideReason: reason } }))('PF6')).toMatch(/^warn/)
    const cutOff = { diagnosis: { kind: 'own-partition' }, inputs: { overrideReason: reason } } as const
    expect((await checks(cutOff))('PF6')).toMatch(/^block/)
  })

  test('a target that has received less than another is refused while the writer is down, unless with a reason', async () => {
    const behind = { lost: { r1: 9000, r2: 100 } }
    expect((await checks(behind))('P1-b')).toMatch(/^block: r2 has received .* more than r1/)
    expect((await checks({ ...behind, inputs: { overrideReason: 'r2 is too small' } }))('P1-b')).toMatch(/^warn/)
    expect((await checks({ ...behind, mode: 'drill' }))('P1-b')).toMatch(/^pass/)
    expect((await checks({}))('P1-b')).toMatch(/^pass/)
  })

  test('who else changes the deployment is told, and rights that lack block', async () => {
    expect((await checks({}))('PF7')).toMatch(/^pass/)
    expect((await checks({ keeper: 'Argo CD' }))('PF7')).toMatch(/^warn: api is kept by Argo CD.*reverted/)
    expect((await checks({ autoscaler: { name: 'api-hpa', least: 2, most: 9 } }))('PF7')).toMatch(/^warn: .*stops at 0/)
    expect((await checks({ mayScale: false }))('PF7')).toMatch(/^block/)
  })

  test('pods that dial one node by its own name are told, and names that follow the writer pass', async () => {
    expect((await checks({}))('P1-h')).toMatch(/^pass/)
    expect((await checks({ host: 'w.rds:5432' }))('P1-h')).toMatch(/^warn: api dials w by its own name/)
    expect((await checks({ containers: { worker: [{ env: {} }] } }))('P1-h')).toMatch(
      /^warn: No container of worker sets DATABASE_HOST/,
    )
    expect((await checks({ host: 'w.rds', lone: 'single' }))('P1-h')).toMatch(
      /^warn: Without a cluster, no name follows the writer/,
    )
  })

  test('every container of every deployment that takes the variable from elsewhere is told by name', async () => {
    const of = async (...more: Partial<ContainerEnvironment>[]) =>
      (await checks({ containers: { worker: [{}, ...more] } }))('P1-h')
    const reference = { env: {}, references: { DATABASE_HOST: 'key host of ConfigMap db' } }
    expect(await of({ ...reference, name: 'migrate', init: true })).toMatch(
      /^warn: worker: init container migrate takes DATABASE_HOST from key host of ConfigMap db, .*Set a plain value/,
    )
    const whole = { env: {}, name: 'mail' }
    expect(await of({ ...whole, sources: [{ from: 'Secret all', prefix: '' }] })).toMatch(
      /^warn: worker: mail takes all of Secret all; whether that contains DATABASE_HOST is unknown/,
    )
    expect(await of({ ...whole, sources: [{ from: 'Secret all', prefix: 'MAIL_' }] })).toMatch(/^pass/)
    expect(await of({ name: 'mail', sources: [{ from: 'Secret all', prefix: '' }] })).toMatch(/^pass/)
    expect(await of({ name: 'cron', env: { DATABASE_HOST: 'w.rds' } })).toMatch(
      /^warn: worker dials w by its own name \(cron\)/,
    )
  })

  test('a paused rollout of any deployment is told with the command that resumes it', async () => {
    expect((await checks({ paused: ['worker'] }))('PF7')).toBe(
      'warn: The rollout of worker is paused: its pods would keep the old writer. Run kubectl rollout resume deployment/worker -n n.',
    )
  })

  test('the writer itself is a target only where it has a standby', async () => {
    const inputs = { target: 'w' }
    expect((await checks({ inputs }))('P1-a')).toBe('block: w is the writer.')
    expect((await checks({ inputs, lone: 'single' }))('P1-a')).toBe('block: w is the writer.')
    expect((await checks({ inputs, lone: 'multi-az' }))('P1-a')).toMatch(/^pass/)
    expect((await checks({ inputs, lone: 'multi-az', host: 'w.rds' }))('P1-h')).toMatch(/^pass: The standby takes over/)
  })

  test.each(everyStatus)('a target that RDS calls %s is judged as in the table of candidates', async (status) => {
    const verdict = { allowed: 'pass', late: 'warn', no: 'block' } as const
    expect((await checks({ statuses: { r1: status } }))('P1-a').split(':')[0]).toBe(verdict[ranked(status)])
    const standby = { lone: 'multi-az', inputs: { target: 'w' }, statuses: { w: status } } as const
    expect((await checks(standby))('P1-a').split(':')[0]).toBe(verdict[ranked(status, true)])
  })

  test.each(everyStatus)(
    'a cluster or a writer that RDS calls %s stops a run only while RDS changes it',
    async (status) => {
      const judged = rdsStatus(status)
      const result = (await checks({ statuses: { c: status } }))('PF5').split(':')[0]
      const blocks = judged.kind === 'changing' && judged.mayBe !== 'failover'
      expect(result).toBe(blocks ? 'block' : judged.kind === 'usable' ? 'pass' : 'warn')
      // The writer is what may be broken: it is told, and never stops the run.
      expect((await checks({ statuses: { w: status } }))('PF5')).toMatch(judged.kind === 'usable' ? /^pass/ : /^warn/)
    },
  )

  test('a block by RDS tells its reason, and a broken writer is told without blocking', async () => {
    expect((await checks({ statuses: { c: 'upgrading' } }))('PF5')).toBe(
      'block: The cluster is upgrading: RDS is upgrading its engine. Start the run when that is over.',
    )
    expect((await checks({ statuses: { c: 'storage-full', w: 'storage-full' } }))('PF5')).toBe(
      'warn: No other run, and RDS is changing nothing in the cluster. RDS reports the cluster as storage-full: its storage is full. RDS reports the writer w as storage-full: its storage is full.',
    )
    expect((await checks({ statuses: { r1: 'modifying' } }))('P1-a')).toBe(
      'block: r1 cannot be chosen. RDS reports it as modifying: RDS is modifying it.',
    )
  })

  test.each(diagnosisKinds)(
    'a planned switchover under the diagnosis "%s" needs a healthy writer, whatever reason is given',
    async (kind) => {
      const inputs: Partial<FailoverInputs> = { kind: 'switchover', overrideReason: 'I know what I am doing.' }
      const said = (await checks({ diagnosis: { kind, scenario: null, headline: 'So it is.' }, inputs }))('PF6')
      const right = { healthy: 'pass: So it is.', degraded: 'warn: So it is.' }[kind as string]
      expect(said).toBe(right ?? 'block: So it is. A planned switchover needs a healthy writer.')
    },
  )

  test('a planned switchover needs a pooler that holds clients, and a recovery role that sees who goes past it', async () => {
    const planned = { diagnosis: { kind: 'healthy', scenario: null } as const, inputs: { kind: 'switchover' } as const }
    expect((await checks(planned))('P1-i')).toMatch(/^block: No pooler is configured/)
    expect((await checks({ ...planned, pooler: true }))('P1-i')).toMatch(/^block: No recovery role is configured/)
    expect((await checks({ ...planned, pooler: true, rights: {} }))('P1-i')).toMatch(/^pass: Clients can be held/)
    expect((await checks(planned))('P1-c')).toMatch(/^pass: It lags .* nothing is lost\.$/)
  })

  test('maintenance that waits is a warning', async () => {
    expect((await checks({ maintenance: ['w'] }))('PF5')).toMatch(/^warn: .*system-update of w/)
    const denied = new PortError('auth', 'AWS refused our identity.', { outcome: 'rejected', probe: 'auth' })
    expect((await checks({ maintenance: denied }))('PF5')).toMatch(/^warn: .*is unknown: AWS refused/)
  })

  test('a fence that the server would refuse in part is told with the role and the statement that is missing', async () => {
    expect((await checks({ rights: {} }))('P1-g')).toBe(
      'pass: The recovery role recovery signs in and may do each statement of the fence of app (PostgreSQL 17.10).',
    )
    const lacking = { roles: [{ ...appRights, admin: false }] }
    expect((await checks({ rights: lacking }))('P1-g')).toMatch(
      /^warn: .*recovery may not alter app\. Run: GRANT "app" TO "recovery" WITH ADMIN OPTION;/,
    )
    expect((await checks({ rights: { ...lacking, version: '15.18', major: 15 } }))('P1-g')).toMatch(/^pass/)
  })

  test('what cannot be looked for is a warning, never a pass', async () => {
    expect((await checks({}))('P1-f')).toMatch(/^warn: .*could not be checked/)
    expect((await checks({}))('P1-g')).toMatch(/^warn: No recovery role/)
  })
})

test('a program that keeps a deployment as its source says is known by its marks', () => {
  const of = (labels: Record<string, string>, annotations: Record<string, string> = {}) =>
    keeperOf({ metadata: { labels, annotations } })
  expect(of({ 'kustomize.toolkit.fluxcd.io/name': 'apps' })).toBe('Flux')
  expect(of({}, { 'argocd.argoproj.io/tracking-id': 'x' })).toBe('Argo CD')
  expect(of({ 'app.kubernetes.io/managed-by': 'Helm' })).toBeNull()
})
