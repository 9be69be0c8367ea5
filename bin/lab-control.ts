import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { z } from 'zod'

const usage = `Usage: npm run lab -- COMMAND [--json]
  status                              the cluster, its nodes, and what is broken
  faults                              every fault with its targets and parameters
  fault NAME [TARGET] [key=value ...] break something
  heal [NAME]                         end one fault; without a name, clear all faults
  log [SINCE]                         mutating API calls, from the one after number SINCE
  backup                              a backup of the database, now
  messages                            messages at the lab's pager, chat and status page
  answer                              acknowledge the newest page, as whoever is on call would`

const addressSchema = z.object({ host: z.string(), port: z.number() })
const statusSchema = z.object({
  cluster: z.object({ id: z.string(), status: z.string(), writer: z.string(), writerEndpoint: addressSchema }),
  nodes: z.array(
    z.object({
      id: z.string(),
      role: z.string(),
      status: z.string(),
      zone: z.string(),
      address: addressSchema,
      running: z.boolean(),
      frozen: z.boolean(),
    }),
  ),
  faults: z.array(z.object({ id: z.string(), title: z.string(), target: z.string().nullable(), since: z.number() })),
})
const faultSchema = z.object({
  id: z.string(),
  title: z.string(),
  group: z.string(),
  targets: z.array(z.object({ id: z.string() })),
  parameters: z.array(z.object({ name: z.string(), title: z.string(), default: z.union([z.string(), z.number()]) })),
  active: z.object({ since: z.number(), target: z.string().nullable() }).nullable(),
})
const logSchema = z.object({
  entries: z.array(
    z.object({
      n: z.number(),
      at: z.number(),
      service: z.string(),
      operation: z.string(),
      parameters: z.record(z.string(), z.unknown()),
      effective: z.boolean(),
      answered: z.string(),
    }),
  ),
})

const messagesSchema = z.object({
  messages: z.array(z.object({ service: z.string(), at: z.number(), state: z.string(), text: z.string() })),
})

/** A sentence for the person at the terminal. */
class Refusal extends Error {}

async function call(path: string, body?: unknown): Promise<unknown> {
  const file = join(resolve(process.env.WARROOM_DATA ?? '.data'), 'lab', 'connection.json')
  if (!existsSync(file)) throw new Refusal(`There is no lab in ${file}; start it with npm start.`)
  const { url, token } = z.object({ url: z.string(), token: z.string() }).parse(JSON.parse(readFileSync(file, 'utf8')))
  let response: Response
  try {
    response = await fetch(`${url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { 'x-lab-token': token, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(60_000),
    })
  } catch (error) {
    const slow = error instanceof Error && error.name === 'TimeoutError'
    throw new Refusal(
      slow ? `The lab at ${url} did not respond in time.` : `No lab responds at ${url}; start it with npm start.`,
    )
  }
  const answer: unknown = await response.json()
  if (response.ok) return answer
  const { error } = z.object({ error: z.string() }).parse(answer)
  throw new Refusal(error)
}

function time(at: number): string {
  return new Date(at).toISOString().slice(11, 19)
}

function showStatus(answer: unknown): string {
  const { cluster, nodes, faults } = statusSchema.parse(answer)
  return [
    `${cluster.id} is ${cluster.status}; ${cluster.writer} is the writer (${cluster.writerEndpoint.host}:${cluster.writerEndpoint.port})`,
    ...nodes.map((node) => {
      const state = node.frozen ? 'frozen' : node.running ? 'running' : 'down'
      return `  ${node.id.padEnd(28)}${node.role.padEnd(14)}${node.status.padEnd(14)}${state.padEnd(9)}${node.address.host}:${node.address.port}  ${node.zone}`
    }),
    faults.length ? 'Active faults:' : 'No active faults.',
    ...faults.map(
      (fault) => `  ${fault.id}${fault.target ? ` on ${fault.target}` : ''} since ${time(fault.since)} UTC`,
    ),
  ].join('\n')
}

function showFaults(answer: unknown): string {
  const { faults } = z.object({ faults: z.array(faultSchema) }).parse(answer)
  return faults
    .map((fault) => {
      const lines = [`${fault.id.padEnd(20)}${fault.title}${fault.active ? '  (active)' : ''}`]
      if (fault.targets.length) lines.push(`${' '.repeat(20)}on ${fault.targets.map((target) => target.id).join(', ')}`)
      for (const parameter of fault.parameters)
        lines.push(`${' '.repeat(20)}${parameter.name}=${parameter.default}  ${parameter.title}`)
      return lines.join('\n')
    })
    .join('\n')
}

function showLog(answer: unknown): string {
  const { entries } = logSchema.parse(answer)
  if (!entries.length) return 'No mutating API call yet.'
  return entries
    .map(
      (entry) =>
        `${String(entry.n).padStart(4)}  ${time(entry.at)}  ${entry.service} ${entry.operation}  ${entry.effective ? 'took effect' : 'no effect'}, answered ${entry.answered}  ${JSON.stringify(entry.parameters)}`,
    )
    .join('\n')
}

function showMessages(answer: unknown): string {
  const { messages } = messagesSchema.parse(answer)
  if (!messages.length) return 'No messages yet.'
  return messages
    .map((one) => `${time(one.at)}  ${one.service.padEnd(12)}${one.state.padEnd(14)}${one.text}`)
    .join('\n')
}

async function run(words: string[]): Promise<[unknown, (answer: unknown) => string]> {
  const [command, ...rest] = words
  switch (command) {
    case 'status':
      return [await call('/lab/status'), showStatus]
    case 'faults':
      return [await call('/lab/faults'), showFaults]
    case 'log':
      return [await call(`/lab/log?since=${Number(rest[0] ?? 0) || 0}`), showLog]
    case 'backup':
      return [
        await call('/lab/backup', {}),
        (answer) => {
          const { backup } = z.object({ backup: z.object({ bucket: z.string(), key: z.string() }) }).parse(answer)
          return `Written: s3://${backup.bucket}/${backup.key}`
        },
      ]
    case 'messages':
      return [await call('/lab/messages'), showMessages]
    case 'answer':
      return [
        await call('/lab/answer-page', {}),
        () => 'The newest page is acknowledged, and the War Room was notified.',
      ]
    case 'heal':
      return [await call('/lab/heal', rest[0] ? { fault: rest[0] } : {}), showStatus]
    case 'fault': {
      const [fault, ...more] = rest
      if (!fault) throw new Refusal(usage)
      const target = more.find((word) => !word.includes('='))
      const pairs = more.filter((word) => word.includes('='))
      const parameters = Object.fromEntries(
        pairs.map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]),
      )
      const answer = await call('/lab/faults', { fault, target, parameters })
      return [
        answer,
        (value) => {
          const { fault: started } = z.object({ fault: faultSchema }).parse(value)
          return `${started.title}${started.active?.target ? ` (${started.active.target})` : ''}: active. End it with: npm run lab -- heal ${started.id}`
        },
      ]
    }
    default:
      throw new Refusal(usage)
  }
}

const json = process.argv.includes('--json')
try {
  const [answer, show] = await run(process.argv.slice(2).filter((word) => word !== '--json'))
  console.log(json ? JSON.stringify(answer, null, 2) : show(answer))
} catch (error) {
  if (!(error instanceof Refusal)) throw error
  console.error(error.message)
  process.exitCode = 1
}
