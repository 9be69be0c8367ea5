// An engineer on call uses the kubectl they have, unmodified, against the lab: everything a runbook asks of it must work
// and print what it prints against a real cluster.
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
  lab = await createOneNodeLab(21_240)
  registerPooler(lab)
  registerWorkload(lab)
  registerKubernetes(lab)
  await lab.start()
  kubectl = kubectlIn(lab.context.dataDir)
  await kubectl('rollout', 'status', 'deployment/castmatch-api', '--timeout=30s')
})
// The set-up itself may have failed.
afterAll(() => lab?.stop())

test('get prints the columns people know, wide and narrow', async () => {
  expect(await kubectl('get', 'deployments')).toMatch(
    /NAME +READY +UP-TO-DATE +AVAILABLE +AGE\ncastmatch-api +6\/6 +6 +6/,
  )
  expect(await kubectl('get', 'pods', '-o', 'wide')).toMatch(/NAME +READY +STATUS +RESTARTS +AGE +IP +NODE/)
  expect((await kubectl('get', 'pods', '-l', 'app=castmatch-api', '-o', 'name')).trim().split('\n')).toHaveLength(6)
  expect(await kubectl('get', 'pods', '-l', 'app=other', '-o', 'name')).toBe('')
  expect(await kubectl('get', 'deploy/castmatch-api', '-o', 'yaml')).toContain('progressDeadlineSeconds: 60')
  expect(await kubectl('get', 'deploy', ...dr, '--no-headers')).toMatch(/castmatch-api +0\/0/)
})

test('describe shows the environment without the password, the conditions and the events', async () => {
  const text = await kubectl('describe', 'deployment', 'castmatch-api')
  expect(text).toMatch(/DATABASE_HOST: +\S+/)
  expect(text).toContain("<set to the key 'password' in secret 'castmatch-database'>")
  expect(text).not.toContain(lab.secrets.applicationPassword)
  expect(text).toMatch(/Progressing +True +NewReplicaSetAvailable/)
  expect(text).toContain('ScalingReplicaSet')
})

test('set env rolls every pod and rollout status waits for it', async () => {
  const before = await kubectl('get', 'pods', '-o', 'name')
  await kubectl('set', 'env', 'deployment/castmatch-api', 'FEATURE=on')
  const said = await kubectl('rollout', 'status', 'deployment/castmatch-api', '--timeout=40s')
  expect(said).toContain('successfully rolled out')
  // Old pods are still listed while they end, as in a real cluster.
  const old = before.trim().split('\n')
  const after = await until(
    () => kubectl('get', 'pods', '-o', 'name'),
    (names) => !old.some((name) => names.includes(name)),
  )
  expect(after.trim().split('\n')).toHaveLength(6)
  const env = await kubectl('set', 'env', 'deployment/castmatch-api', '--list')
  expect(env).toContain('FEATURE=on')
  expect(env).toContain('DATABASE_NAME=castmatch_production')
})

test('rollout restart and undo make and reuse revisions', async () => {
  await kubectl('rollout', 'restart', 'deployment/castmatch-api')
  await kubectl('rollout', 'status', 'deployment/castmatch-api', '--timeout=40s')
  await kubectl('rollout', 'undo', 'deployment/castmatch-api')
  await kubectl('rollout', 'status', 'deployment/castmatch-api', '--timeout=40s')
  const template = await kubectl('get', 'deploy', 'castmatch-api', '-o', 'jsonpath={.spec.template.metadata}')
  expect(template).not.toContain('restartedAt')
})

test('scale changes the number of pods and rolls none of them', async () => {
  const before = await kubectl('get', 'rs', '-o', 'name')
  await kubectl('scale', 'deployment/castmatch-api', '--replicas=2')
  await kubectl('wait', '--for=jsonpath={.status.replicas}=2', 'deployment/castmatch-api', '--timeout=20s')
  expect(await kubectl('get', 'rs', '-o', 'name')).toBe(before)
  await kubectl('scale', 'deployment/castmatch-api', '--replicas=6')
  await kubectl('rollout', 'status', 'deployment/castmatch-api', '--timeout=40s')
})

test('logs come with --tail and go on with -f', async () => {
  const tail = await kubectl('logs', 'deployment/castmatch-api', '--tail=1')
  expect(tail.trim().split('\n')).toHaveLength(1)
  const pod = (await kubectl('get', 'pods', '-o', 'name')).split('\n')[0] ?? ''
  const all = await kubectl('logs', pod)
  expect(all).toContain('ready: writes succeed')
  let deleting: Promise<string> | null = null
  const followed = await kubectl.following(
    (output) => {
      // It hears of the end only if it listens by then.
      if (output.includes('ready: writes succeed')) deleting ??= kubectl('delete', pod, '--wait=false')
      return output.includes('stopping')
    },
    'logs',
    '-f',
    pod,
  )
  expect(followed).toContain('INFO stopping')
  await deleting
})

test('get -w prints what changes as it changes', async () => {
  let scaling: Promise<string> | null = null
  const seen = (output: string) => {
    if (/castmatch-api +0\/0/.test(output)) scaling ??= kubectl('scale', 'deploy/castmatch-api', '--replicas=1', ...dr)
    return /castmatch-api +0\/1/.test(output)
  }
  const watching = kubectl.following(seen, 'get', 'deploy', '-w', ...dr)
  expect(await watching).toMatch(/castmatch-api +0\/0[\s\S]*castmatch-api +0\/1/)
  await scaling
  await kubectl('scale', 'deployment/castmatch-api', '--replicas=0', ...dr)
})

test('a dry run changes nothing, and auth can-i answers what the lab serves', async () => {
  await kubectl('set', 'env', 'deployment/castmatch-api', 'NEVER=set', '--dry-run=server')
  expect(await kubectl('set', 'env', 'deployment/castmatch-api', '--list')).not.toContain('NEVER')
  expect(await kubectl('auth', 'can-i', 'patch', 'deployments')).toBe('yes\n')
  await expect(kubectl('auth', 'can-i', 'delete', 'deployments')).rejects.toThrow('no')
})

test.each([
  ['cut', 'Unexpected error when reading response body: unexpected EOF'],
  ['garbage', "serializer for text/html doesn't exist"],
  ['empty', 'unexpected end of JSON input'],
] as const)('a reply that is spoilt (%s) after the effect tells kubectl nothing of it', async (how, complaint) => {
  const from = lab.entries.length
  lab.inject({ kind: 'spoilt-reply', how, when: 'after', calls: 1, operation: 'PatchDeployment' })
  const patch = JSON.stringify({ metadata: { annotations: { spoilt: how } } })
  const patched = kubectl('patch', 'deployment', 'castmatch-api', '-p', patch, '-v=8')
  await expect(patched).rejects.toThrow(complaint)
  await expect(patched).rejects.toThrow(/PATCH https[\s\S]*Response Status: 200 OK/)
  const annotation = '-o=jsonpath={.metadata.annotations.spoilt}'
  expect(await kubectl('get', 'deployment', 'castmatch-api', annotation)).toBe(how)
  expect(lab.entries.slice(from)).toMatchObject([
    { operation: 'PatchDeployment', effective: true, answered: 'none', status: 200 },
  ])
})

test('refusals reach the person in the words of Kubernetes', async () => {
  await expect(kubectl('get', 'deployment', 'nothing')).rejects.toThrow('deployments.apps "nothing" not found')
  await expect(kubectl('--token=wrong', 'get', 'pods')).rejects.toThrow(/must be logged in|Unauthorized/)
  const immutable = '{"spec":{"selector":{"matchLabels":{"app":"x"}}}}'
  await expect(kubectl('patch', 'deploy', 'castmatch-api', '-p', immutable)).rejects.toThrow('field is immutable')
})
