// The application is started in the other region while its database still is a replica. What waits for the database is no failure; what can
// never start is named at once, in the pod's own words; what somebody else runs there is never touched.
import { describe, expect, test } from 'vitest'
import type { StartingPod } from '../../domain/application/pods'
import type { ApplicationState } from '../../ports/application'
import type { Step, Surroundings, World } from '../contract'
import { readFacts } from '../facts'
import { everything } from '../testing/surroundings'
import { applicationPlace, wantedPods } from './application'
import { applicationChecks } from './application-checks'
import { type RegionFacts, regionFacts } from './facts'
import { regionRecovery } from './index'
import { type RegionInputs, regionInputs } from './inputs'
import { promote } from './promote'
import { protect } from './protect'
import { promoteAndStart, protectAndScale } from './start-application'

const endpoint = { host: 'dr.example', port: 6000 }
const host = endpoint.host
const environmentOf = (hostValue: string) => [
  { name: 'api', init: false, env: { DATABASE_HOST: hostValue }, references: {}, sources: [] },
]
const running: StartingPod = {
  name: 'api-1',
  ready: false,
  unplaced: null,
  containers: [{ name: 'api', running: true, waiting: null, restarts: 0 }],
  environments: environmentOf(host),
}
const pulling: StartingPod = {
  ...running,
  containers: [
    { name: 'api', running: false, waiting: { reason: 'ImagePullBackOff', message: 'no such image' }, restarts: 0 },
  ],
}
const unplaced: StartingPod = { ...running, containers: [], unplaced: '0/3 nodes are available: 3 Insufficient cpu.' }
const state = (more: Partial<ApplicationState> = {}): ApplicationState => ({
  replicas: 1,
  ready: 0,
  rollout: 'progressing',
  rolloutDetail: '',
  annotations: { 'dr.castmatch/run': 'r1' },
  containers: environmentOf(host),
  pods: [running],
  ...more,
})

type Look = Omit<NonNullable<World['application']>, 'context'>
function worldOf(
  found: ApplicationState | null,
  more: Partial<Look> = {},
  environment: Surroundings = everything,
): World {
  const application: World['application'] = {
    context: 'k-dr',
    deployment: async () => found,
    annotations: async () => found?.annotations ?? null,
    exists: async () => true,
    owners: async () => ({ keeper: null, autoscaler: { known: true, is: null } }),
    canI: async () => true,
    room: async () => ({ nodes: [] }),
    ...more,
  }
  const world: Partial<World> = { environment, application, snapshot: () => null, now: () => 1_000, pace: 1 }
  return world as World
}
const ctxOf = (facts: RegionFacts = {}) => ({
  runId: 'r1',
  mode: 'real' as const,
  inputs: regionInputs.parse({ target: 'us-east-1/replica' }),
  facts: { endpoint, ...facts },
  startedAt: 0,
})
const stepNamed = (id: string, environment = everything): Step<RegionInputs, RegionFacts> => {
  const steps = [...promoteAndStart(environment, promote), ...protectAndScale(environment, protect)]
  return steps.find((step) => step.id === id) ?? expect.fail(`there is no ${id}`)
}
const start = stepNamed('start-application')
const full = stepNamed('scale-application')
const unconfigured: Surroundings = {
  ...everything,
  kubernetes: everything.kubernetes && { ...everything.kubernetes, drApplication: null },
}

test('the order: promoted and started at the same time, all pods after the promoted database was verified', () => {
  const steps = regionRecovery.steps(everything)
  const ids = steps.map(({ id }) => id)
  const order = [
    'approve',
    'promote-replica',
    'start-application',
    'verify-promoted',
    'protect',
    'scale-application',
    'close-region',
  ]
  expect(ids.filter((id) => order.includes(id))).toEqual(order)
  const stages = steps.filter(({ stage }) => stage).map(({ id, stage }) => [id, stage?.id, stage?.whenOneFails])
  expect(stages).toEqual([
    ['promote-replica', 'promote-and-start', 'others-finish'],
    ['start-application', 'promote-and-start', 'others-finish'],
    ['protect', 'protect-and-scale', 'others-finish'],
    ['scale-application', 'protect-and-scale', 'others-finish'],
  ])
  const without = regionRecovery.steps(unconfigured)
  expect(without.filter(({ id, stage }) => stage || /application/.test(id))).toEqual([])
})

test('what is sent: one pod first and then as many as configured, with the promoted database’s address and the mark of the run', () => {
  const wanted = { applicationReplicas: { api: 12 }, application: 'started' as const }
  for (const [step, replicas] of [
    [start, 1],
    [full, 12],
  ] as const)
    expect(step.call?.(ctxOf(wanted), everything)).toMatchObject({
      kind: 'apply',
      context: 'k-dr',
      namespace: 'n',
      objects: [
        {
          metadata: { name: 'api', annotations: { 'dr.castmatch/run': 'r1' } },
          spec: {
            replicas,
            template: { spec: { containers: [{ env: [{ name: 'DATABASE_HOST', value: host }, {}] }] } },
          },
        },
      ],
    })
  expect(full.call?.(ctxOf({ applicationReplicas: { api: 12 } }), everything)).toBeNull()
  expect(start.undo?.call(ctxOf(wanted), everything)).toMatchObject({ objects: [{ spec: { replicas: 0 } }] })
})

describe('seen before acting', () => {
  test.each<[string, ApplicationState | null, string]>([
    ['nothing is there', null, 'not-started'],
    ['it is scaled to 0, as it was installed', state({ replicas: 0, pods: [], annotations: {} }), 'not-started'],
    [
      'it carries the mark of a former run and is at 0',
      state({ replicas: 0, annotations: { 'dr.castmatch/run': 'r0' } }),
      'not-started',
    ],
    ['this run applied it', state(), 'done'],
    ['this run applied it, and somebody scaled it to 0', state({ replicas: 0 }), 'not-started'],
    ['this run applied it, and its host was reverted', state({ containers: environmentOf('home') }), 'not-started'],
    ['somebody else runs it', state({ replicas: 12, annotations: {} }), 'conflict'],
    ['a former run has started it', state({ annotations: { 'dr.castmatch/run': 'r0' } }), 'conflict'],
  ])('%s', async (_what, found, wanted) => {
    const seen = await start.observe?.(worldOf(found), ctxOf())
    expect([seen?.state, seen?.facts?.applicationReplicas]).toEqual([wanted, { api: 12 }])
  })

  test('an object besides the deployment that is missing is applied', async () => {
    const seen = await start.observe?.(worldOf(state(), { annotations: async () => null }), ctxOf())
    expect(seen?.state).toBe('not-started')
  })
})

describe('while the promotion goes on', () => {
  test.each<[string, ApplicationState | null, number, string, RegExp]>([
    ['a pod waits for the database', state(), 0, 'proved', /ready when the database accepts writes/],
    ['it still waits after half an hour', state(), 30 * 60_000, 'proved', /ready when the database/],
    [
      'it ends for want of a database',
      state({
        pods: [
          {
            ...running,
            containers: [
              { name: 'api', running: false, waiting: { reason: 'CrashLoopBackOff', message: '' }, restarts: 4 },
            ],
          },
        ],
      }),
      0,
      'proved',
      /ready when/,
    ],
    ['a pod is ready already', state({ ready: 1 }), 0, 'proved', /1 of 1 pods ready/],
    ['no pod is there yet', state({ pods: [] }), 0, 'not-yet', /No pod of api runs yet/],
    [
      'the image cannot be pulled, at once',
      state({ pods: [pulling] }),
      0,
      'not-yet',
      /ImagePullBackOff: no such image/,
    ],
    [
      'the image cannot be pulled, for minutes',
      state({ pods: [pulling] }),
      121_000,
      'failed',
      /ImagePullBackOff: no such image/,
    ],
    ['no node has room, at once', state({ pods: [unplaced] }), 0, 'not-yet', /3 Insufficient cpu/],
    ['no node has room, for minutes', state({ pods: [unplaced] }), 121_000, 'failed', /3 Insufficient cpu/],
    [
      'it was reverted',
      state({ containers: environmentOf('home') }),
      0,
      'failed',
      /DATABASE_HOST of api is home in api/,
    ],
    ['its mark is gone', state({ annotations: {} }), 0, 'failed', /does not carry the mark of this run/],
    ['it was deleted', null, 0, 'failed', /api is not in us-east-1/],
  ])('%s', async (_what, found, elapsedMs, wanted, says) => {
    const verdict = await start.verify(worldOf(found), ctxOf(), elapsedMs)
    expect([verdict.state, verdict.facts?.application]).toEqual([wanted, wanted === 'proved' ? 'started' : undefined])
    expect(verdict.says).toMatch(says)
  })
})

test('a plan of Terraform is left to people, with its digest, and stays an open item', async () => {
  const sha256 = 'a'.repeat(64)
  const planned: Surroundings = {
    ...everything,
    kubernetes: everything.kubernetes && {
      ...everything.kubernetes,
      drApplication: everything.kubernetes.drApplication && {
        ...everything.kubernetes.drApplication,
        terraform: { planFile: 'dr.tfplan', sha256 },
      },
    },
  }
  const verdict = await stepNamed('start-application', planned).verify(worldOf(state(), {}, planned), ctxOf(), 0)
  expect(verdict.facts?.obligations).toEqual([
    expect.objectContaining({
      id: 'terraform',
      title: 'Apply dr.tfplan in us-east-1',
      state: 'open',
      why: expect.stringContaining(sha256),
    }),
  ])
  const checks = await applicationChecks(worldOf(null, {}, planned))
  expect(checks.find(({ id }) => id === 'P3-o')).toMatchObject({
    result: 'warn',
    message: expect.stringContaining(`terraform apply dr.tfplan, SHA-256 ${sha256}`),
  })
})

describe('after the promotion', () => {
  const facts: RegionFacts = { promotedAt: 1, application: 'started', applicationReplicas: { api: 12 } }
  const pods = (ready: number) => state({ replicas: 12, ready, rollout: ready === 12 ? 'complete' : 'progressing' })

  test.each<[string, ApplicationState, RegionFacts, unknown]>([
    ['one pod is ready: all may start', state({ ready: 1 }), facts, null],
    [
      'none is ready: one is waited for',
      state(),
      facts,
      expect.objectContaining({
        waitsFor: expect.stringContaining('No pod of api is ready on the promoted database'),
        waitsMs: 600_000,
      }),
    ],
    [
      'the first cannot start',
      state({ pods: [unplaced] }),
      facts,
      expect.objectContaining({ waitsFor: expect.stringContaining('Insufficient cpu') }),
    ],
    [
      'nothing was promoted',
      state({ ready: 1 }),
      { ...facts, promotedAt: undefined },
      expect.stringContaining('not promoted'),
    ],
    [
      'it was reverted',
      state({ ready: 1, containers: environmentOf('home') }),
      facts,
      expect.stringContaining('home in api'),
    ],
  ])('%s', async (_what, found, known, answer) => {
    expect(await full.guard?.(worldOf(found), ctxOf(known))).toEqual(answer)
  })

  test.each<[string, ApplicationState, number, string, RegExp]>([
    ['some are ready', pods(8), 0, 'not-yet', /8 of 12 pods ready/],
    ['all are ready', pods(12), 0, 'proved', /12 pods in us-east-1 are ready on the promoted database/],
    [
      'some have no node, for minutes',
      { ...pods(8), pods: [running, unplaced] },
      121_000,
      'failed',
      /Insufficient cpu.*8 of 12/,
    ],
  ])('%s', async (_what, found, elapsedMs, wanted, says) => {
    const verdict = await full.verify(worldOf(found), ctxOf(facts), elapsedMs)
    expect([verdict.state, verdict.facts?.application]).toEqual([wanted, wanted === 'proved' ? 'full' : undefined])
    expect(verdict.says).toMatch(says)
  })

  test.each([undefined, 'stopped' as const])(
    'an application that this run has not started (%s) is left alone',
    async (application) => {
      const ctx = ctxOf({ ...facts, application })
      expect((await full.observe?.(worldOf(null), ctx))?.state).toBe('done')
      expect(await full.verify(worldOf(null), ctx, 0)).toMatchObject({
        state: 'proved',
        says: expect.stringContaining('has not started'),
      })
    },
  )

  test('rolled back: nothing of it is left, and that is kept', async () => {
    const gone = state({ replicas: 0, pods: [] })
    expect(await full.undo?.verify(worldOf(gone), ctxOf(facts))).toMatchObject({
      state: 'proved',
      facts: { application: 'stopped' },
    })
    expect(await full.undo?.verify(worldOf(state({ replicas: 0 })), ctxOf(facts))).toMatchObject({ state: 'not-yet' })
    expect([start.undo?.effect, full.undo?.effect]).toEqual(['SAFE', 'DANGEROUS'])
  })
})

test('the number of pods: as configured, else as at home, else as the manifest says, and never a guess without saying so', () => {
  const place = applicationPlace(everything) ?? expect.fail()
  const { manifests } = place
  const own = manifests.map((one) => ({ ...one, spec: { replicas: 3 } }))
  const none = { ...place, configuredReplicas: {} }
  const home = { workloads: [{ deployment: 'api', containers: [], replicas: 6 }] }
  expect([
    wantedPods(place, null, home),
    wantedPods(none, null, home),
    wantedPods({ ...none, manifests: own }, null, {}),
    wantedPods(none, null, {}),
  ]).toEqual([
    [{ deployment: 'api', count: 12, from: 'configuration' }],
    [{ deployment: 'api', count: 6, from: 'home' }],
    [{ deployment: 'api', count: 3, from: 'manifest' }],
    [{ deployment: 'api', count: 1, from: 'nothing' }],
  ])
})

test('facts that an earlier version has stored are read', () => {
  expect(readFacts(regionFacts, { endpoint }).unreadable).toEqual([])
  expect(readFacts(regionFacts, { application: 'full', applicationReplicas: { api: 12 } }).unreadable).toEqual([])
})

describe('the prerequisites', () => {
  const within = (change: (manifest: object) => object): Surroundings => ({
    ...everything,
    kubernetes: everything.kubernetes && {
      ...everything.kubernetes,
      drApplication: everything.kubernetes.drApplication
        ? {
            ...everything.kubernetes.drApplication,
            manifests: JSON.parse(JSON.stringify(everything.kubernetes.drApplication.manifests.map(change))),
          }
        : null,
    },
  })
  const text = (from: string, to: string) => (manifest: object) =>
    JSON.parse(JSON.stringify(manifest).replaceAll(from, to))
  const roomy = {
    nodes: [
      {
        name: 'n',
        takesPods: true,
        allocatable: { cpu: 100, memory: 1e12, pods: 50 },
        requested: { cpu: 0, memory: 0, pods: 0 },
      },
    ],
  }

  test.each<[string, World, string, string, RegExp]>([
    ['the cluster responds', worldOf(null), 'P3-k', 'pass', /k-dr responds/],
    ['another cluster is configured', { ...worldOf(null), application: null }, 'P3-k', 'block', /no context k-dr/],
    [
      'no right to apply',
      worldOf(null, { canI: async (verb) => verb !== 'create' }),
      'P3-k',
      'block',
      /may not create/,
    ],
    [
      'it runs there already',
      worldOf(state({ replicas: 2, annotations: {} })),
      'P3-k',
      'warn',
      /2 replicas there already/,
    ],
    [
      'somebody reverts it',
      worldOf(null, { owners: async () => ({ keeper: 'Argo CD', autoscaler: { known: true, is: null } }) }),
      'P3-k',
      'warn',
      /kept by Argo CD/,
    ],
    ['clean manifests', worldOf(null), 'P3-l', 'pass', /Nothing in 1 object names us-west-2/],
    [
      'a registry at home',
      worldOf(null, {}, within(text('ecr.us-east-1', 'ecr.us-west-2'))),
      'P3-l',
      'block',
      /Deployment api: spec.template.spec.containers\[api\].image names a registry/,
    ],
    [
      'a pooler at home',
      worldOf(null, {}, within(text('"cpu":"500m"', '"cpu":"500m","x":"p:6432"'))),
      'P3-l',
      'block',
      /names a host of the home region: p:6432/,
    ],
    [
      'the host variable is missing',
      worldOf(null, {}, within(text('DATABASE_HOST', 'DB'))),
      'P3-l',
      'block',
      /No container of api sets DATABASE_HOST/,
    ],
    [
      'its host of home is set by the run',
      worldOf(null, {}, within(text('"value":"db"', '"value":"p:6432"'))),
      'P3-l',
      'pass',
      /set by the run/,
    ],
    ['the secret is there', worldOf(null), 'P3-m', 'pass', /Secret database is there/],
    [
      'the secret is missing',
      worldOf(null, { exists: async () => false }),
      'P3-m',
      'block',
      /Secret database, which api needs, is not in us-east-1/,
    ],
    [
      'room for all',
      worldOf(null, { room: async () => roomy }),
      'P3-n',
      'pass',
      /room for 12 pods.*unknown until a pod starts/,
    ],
    ['no node', worldOf(null), 'P3-n', 'warn', /room for 0 of 12 pods/],
    ['no plan', worldOf(null), 'P3-o', 'pass', /No Terraform plan/],
  ])('%s', async (_what, world, id, result, message) => {
    const found = (await applicationChecks(world)).find((check) => check.id === id)
    expect(found).toMatchObject({ result, message: expect.stringMatching(message) })
  })

  test('nothing is configured: said, and it blocks nothing', async () => {
    expect(await applicationChecks(worldOf(null, {}, unconfigured))).toEqual([
      expect.objectContaining({ id: 'P3-k', result: 'warn', message: expect.stringContaining('people start it') }),
    ])
  })
})
