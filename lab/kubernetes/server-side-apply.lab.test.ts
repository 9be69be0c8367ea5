// The application is started in the other region with the manifests that its repository has: `kubectl apply --server-side`, unmodified,
// must make it, change it, name whoever owns a field, and leave alone what is not its own. What keeps its pods from starting is said
// by the pods themselves, in the words of Kubernetes.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { registerPooler } from '../pooler/index'
import { registerWorkload } from '../workload/index'
import { createOneNodeLab, type OneNodeLab } from '../workload/one-node-lab'
import { until } from '../workload/read-workload'
import { registerKubernetes } from './index'
import { type Kubectl, kubectlIn } from './kubectl-program'

let lab: OneNodeLab
let kubectl: Kubectl
const dr = ['--context', 'castmatch-dr-us-east-1']

beforeAll(async () => {
  lab = await createOneNodeLab(31_000)
  registerPooler(lab)
  registerWorkload(lab)
  registerKubernetes(lab)
  await lab.start()
  kubectl = kubectlIn(lab.context.dataDir)
})
afterAll(() => lab?.stop())

interface Wanted {
  name?: string
  replicas?: number
  env?: Record<string, string>
}

/** The manifest as a file, for `-f`. */
function manifest({ name = 'castmatch-api', replicas, env = {} }: Wanted): string {
  const path = join(lab.context.dataDir, `${name}.json`)
  const { host } = lab.context.cluster.writerEndpoint
  const variables = { DATABASE_HOST: host, ...env }
  writeFileSync(
    path,
    JSON.stringify({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name, namespace: 'production', annotations: { 'dr.castmatch/run': 'r1' } },
      spec: {
        ...(replicas !== undefined && { replicas }),
        selector: { matchLabels: { app: name } },
        template: {
          metadata: { labels: { app: name } },
          spec: {
            containers: [
              {
                name: 'api',
                image: 'castmatch/api:2.14.0',
                env: [
                  ...Object.entries(variables).map(([key, value]) => ({ name: key, value })),
                  ...(name === 'castmatch-api'
                    ? []
                    : [
                        { name: 'DATABASE_PORT', value: String(lab.context.cluster.writerEndpoint.port) },
                        { name: 'DATABASE_NAME', value: lab.context.cluster.databaseName },
                        { name: 'DATABASE_USER', value: 'castmatch_app' },
                        {
                          name: 'DATABASE_PASSWORD',
                          valueFrom: { secretKeyRef: { name: 'castmatch-database', key: 'password' } },
                        },
                      ]),
                ],
              },
            ],
          },
        },
      },
    }),
  )
  return path
}
// The lab has no OpenAPI document, by which kubectl validates before it asks.
const apply = (wanted: Wanted, ...more: string[]) =>
  kubectl('apply', '--server-side', '--validate=false', '--field-manager', 'dr', ...more, ...dr, '-f', manifest(wanted))
const json = async (name = 'castmatch-api') => JSON.parse(await kubectl('get', 'deploy', name, ...dr, '-o', 'json'))
const pods = async (name: string) =>
  JSON.parse(await kubectl('get', 'pods', '-l', `app=${name}`, ...dr, '-o', 'json')).items as {
    spec: { nodeName?: string }
    status: {
      phase: string
      conditions: { type: string; reason?: string; message?: string }[]
      containerStatuses?: { state: { waiting?: { reason: string; message?: string } } }[]
    }
  }[]

test('names whoever owns a field that has another value, and changes nothing', async () => {
  await expect(apply({ replicas: 2, env: { DATABASE_HOST: 'db.example' } })).rejects.toThrow(
    /conflicts? with "helm"[\s\S]*\.spec\.replicas/,
  )
  const found = await json()
  expect(found.spec.replicas).toBe(0)
  expect(found.metadata.annotations?.['dr.castmatch/run']).toBeUndefined()
})

test('is forced: the fields are its own, and everything else stays as it was', async () => {
  const before = await json()
  expect(
    await apply({ replicas: 0, env: { DATABASE_HOST: 'db.example', REGION: 'us-east-1' } }, '--force-conflicts'),
  ).toBe('deployment.apps/castmatch-api serverside-applied\n')
  const found = await json()
  const [container] = found.spec.template.spec.containers
  const env = Object.fromEntries(container.env.map((one: { name: string; value?: string }) => [one.name, one.value]))
  expect(env).toMatchObject({ DATABASE_HOST: 'db.example', REGION: 'us-east-1', DATABASE_NAME: 'castmatch_production' })
  expect(container.readinessProbe).toEqual(before.spec.template.spec.containers[0].readinessProbe)
  expect(found.metadata.annotations['dr.castmatch/run']).toBe('r1')
  expect(found.metadata.generation).toBe(before.metadata.generation + 1)
})

test('the same again changes nothing; what is left out goes when nobody else owns it', async () => {
  const before = await json()
  await apply({ replicas: 0, env: { DATABASE_HOST: 'db.example', REGION: 'us-east-1' } })
  expect((await json()).metadata.generation).toBe(before.metadata.generation)
  await apply({ replicas: 0, env: { DATABASE_HOST: 'db.example' } })
  const [container] = (await json()).spec.template.spec.containers
  const names = container.env.map((one: { name: string }) => one.name)
  expect(names).not.toContain('REGION')
  expect(names).toContain('DATABASE_NAME')
})

test('scale takes a field over: the next apply of another value names it', async () => {
  await kubectl('scale', 'deployment/castmatch-api', ...dr, '--replicas=1')
  await expect(apply({ replicas: 0, env: { DATABASE_HOST: 'db.example' } })).rejects.toThrow(
    /kubectl[\s\S]*\.spec\.replicas/,
  )
  await kubectl('scale', 'deployment/castmatch-api', ...dr, '--replicas=0')
})

test('makes a deployment that is not there, and its pod starts', async () => {
  expect(await apply({ name: 'worker', replicas: 1 })).toContain('deployment.apps/worker serverside-applied')
  await kubectl('rollout', 'status', 'deployment/worker', ...dr, '--timeout=30s')
  expect((await pods('worker'))[0]?.spec.nodeName).toContain('us-east-1')
  await kubectl('scale', 'deployment/worker', ...dr, '--replicas=0')
})

test('a dry run changes nothing', async () => {
  const before = await json()
  await apply({ replicas: 3, env: { DATABASE_HOST: 'other' } }, '--force-conflicts', '--dry-run=server')
  expect((await json()).spec).toEqual(before.spec)
})

test('no node has room: pods stay pending and say why, and start when there is room', async () => {
  await lab.startFault('no-capacity-elsewhere', null, {})
  await apply({ name: 'worker', replicas: 1 }, '--force-conflicts')
  const [waiting] = await until(
    () => pods('worker'),
    (found) => found.some(({ status }) => status.phase === 'Pending'),
  )
  expect(waiting?.spec.nodeName).toBeUndefined()
  expect(waiting?.status.conditions).toContainEqual(
    expect.objectContaining({
      type: 'PodScheduled',
      reason: 'Unschedulable',
      message: expect.stringContaining('Insufficient cpu'),
    }),
  )
  await lab.heal('no-capacity-elsewhere')
  await kubectl('rollout', 'status', 'deployment/worker', ...dr, '--timeout=30s')
})

test('an image cannot be pulled there: the pod says so; the cluster at home pulls it', async () => {
  await lab.startFault('image-pull-elsewhere', null, {})
  await kubectl('rollout', 'restart', 'deployment/worker', ...dr)
  await until(
    () => pods('worker'),
    (found) =>
      found.some(({ status }) =>
        status.containerStatuses?.some(({ state }) => state.waiting?.reason === 'ImagePullBackOff'),
      ),
  )
  await kubectl('rollout', 'restart', 'deployment/castmatch-api')
  await kubectl('rollout', 'status', 'deployment/castmatch-api', '--timeout=40s')
  await lab.heal('image-pull-elsewhere')
  await kubectl('rollout', 'status', 'deployment/worker', ...dr, '--timeout=30s')
})

test('secrets and nodes are seen, and what a secret holds is not', async () => {
  const secret = JSON.parse(await kubectl('get', 'secret', 'castmatch-database', ...dr, '-o', 'json'))
  expect(secret.data).toBeUndefined()
  await expect(kubectl('get', 'secret', 'none', ...dr)).rejects.toThrow('not found')
  expect(await kubectl('get', 'nodes', ...dr)).toMatch(/NAME +STATUS +AGE\nip-10-0-1-10\.us-east-1/)
})
