// A person approves the text of a command, and the runner sends the value that the text was made of. Every operation has both,
// and a PAUSE that hangs ends in the same way by either.
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { Call } from '../domain/procedure/call'
import { endSessionsStatement, renderCall } from '../domain/procedure/render'
import {
  applyCall,
  awsCalls,
  kubernetesCall,
  poolerCall,
  poolerCommands,
  scaleCall,
  sessionsCall,
  sqlCall,
} from '../domain/procedure/testing/calls'
import { PortError } from '../ports/port-error'
import { type EffectPorts, sendBy } from './effects'

const refused = () => new PortError('auth', 'No.', { outcome: 'rejected', probe: 'api' })

/** Ports that write down what reaches them; `pauses` is how a PAUSE ends there. */
function recorder(pauses: 'paused' | 'timed-out' | 'refused' = 'paused') {
  const heard: unknown[] = []
  const command = (name: string) => async (database: string) => void heard.push(`${name} ${database}`)
  const ports = {
    fleet: {
      async execute(call: Call) {
        heard.push(call)
        return { requestId: 'id', httpStatus: 200, output: null }
      },
    },
    workloads: {
      async patchEnv(namespace: string, deployment: string, patch: unknown) {
        heard.push({ namespace, deployment, patch })
        return { generation: 1, resourceVersion: '1' }
      },
      async scale(namespace: string, deployment: string, replicas: number) {
        heard.push({ namespace, deployment, replicas })
      },
    },
    application: {
      context: applyCall.context,
      async apply(call: Call) {
        heard.push(call)
        return { applied: 1 }
      },
    },
    poolers: ['p', 'q'].map((name) => ({
      name,
      address: { host: name, port: 6432 },
      async pause(database: string) {
        heard.push(`PAUSE ${database}`)
        if (pauses === 'refused') throw refused()
        return pauses
      },
      kill: command('KILL'),
      reconnect: command('RECONNECT'),
      resume: command('RESUME'),
    })),
    control: {
      user: sqlCall.user,
      async execute(address: unknown, statements: unknown) {
        heard.push({ address, statements })
        return { done: 1 }
      },
    },
  } as unknown as EffectPorts
  const send = (call: Call) => sendBy(ports, { holds: () => true })(call, AbortSignal.timeout(5_000))
  return { heard, send }
}

const { namespace, deployment, patch } = kubernetesCall
const { host, port, statements } = sqlCall
test.each<[string, Call, unknown]>([
  ...Object.values(awsCalls).map((call): [string, Call, unknown] => [call.operation, call, call]),
  ...Object.values(poolerCommands).map((one): [string, Call, unknown] => [
    one.command,
    poolerCall(one),
    `${one.command} d`,
  ]),
  ['a patch', kubernetesCall, { namespace, deployment, patch }],
  ['a number of pods', scaleCall, { namespace, deployment, replicas: scaleCall.replicas }],
  ['an application', applyCall, applyCall],
  ['statements', sqlCall, { address: { host, port }, statements }],
  ...sessionsCall.nodes.map((node): [string, Call, unknown] => [
    'the end of sessions',
    sessionsCall,
    { address: { host: node.host, port: node.port }, statements: [endSessionsStatement(node.backends)] },
  ]),
])('%s goes out as it is', async (_what, call, expected) => {
  const { heard, send } = recorder()
  await send(call)
  expect(heard).toEqual([expected])
})

test('an application goes into no other cluster than the one that was shown', async () => {
  const { heard, send } = recorder()
  await expect(send({ ...applyCall, context: 'c' })).rejects.toMatchObject({
    message: 'The cluster c is not configured for this environment.',
    detail: { outcome: 'rejected' },
  })
  expect(heard).toEqual([])
})

const folder = mkdtempSync(join(tmpdir(), 'shown-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Runs a command as a person would paste it, with a psql that writes down its last argument; a PAUSE ends as told. */
function pasted(command: string, pause: string): { heard: string[]; ok: boolean } {
  const log = join(folder, 'log')
  const psql = join(folder, 'psql')
  writeFileSync(log, '')
  writeFileSync(
    psql,
    `#!/bin/sh\nfor last; do :; done\necho "$last" >> ${log}\ncase "$last" in PAUSE*) ${pause} ;; esac\n`,
  )
  chmodSync(psql, 0o755)
  const { status } = spawnSync('sh', ['-c', command], {
    env: { ...process.env, PATH: `${folder}:${process.env.PATH}` },
  })
  return { heard: readFileSync(log, 'utf8').split('\n').filter(Boolean), ok: status === 0 }
}

test.each([
  ['ends in time', 'paused', 'exit 0', ['PAUSE d', 'RESUME d']],
  ['hangs', 'timed-out', 'exec sleep 60', ['PAUSE d', 'KILL d', 'RESUME d']],
  ['is refused', 'refused', 'exit 3', ['PAUSE d']],
] as const)('a PAUSE that %s is followed by the same, pasted or sent', async (_how, pauses, shell, commands) => {
  const call = poolerCall({ ...poolerCommands.PAUSE, limitMs: 500 }, poolerCommands.RESUME)
  const { heard, send } = recorder(pauses)
  const ok = await send(call).then(
    () => true,
    () => false,
  )
  expect(heard).toEqual(commands)
  expect(pasted(renderCall(call), shell)).toEqual({ heard, ok })
})

test.each([
  ['is done at both', 'paused', 'exit 0', true],
  ['is refused at both', 'refused', 'exit 3', false],
] as const)('what %s goes to both, pasted or sent', async (_how, pauses, shell, ok) => {
  const call = poolerCall(poolerCommands.PAUSE)
  const [one] = call.poolers
  if (!one) throw new Error('no pooler')
  const both = { ...call, poolers: [one, { ...one, name: 'q', host: 'q' }] }
  const { heard, send } = recorder(pauses)
  expect(
    await send(both).then(
      () => true,
      () => false,
    ),
  ).toBe(ok)
  expect(heard).toEqual(['PAUSE d', 'PAUSE d'])
  expect(pasted(renderCall(both), shell)).toEqual({ heard, ok })
})
