import 'server-only'
import { z } from 'zod'
import { authorise, type CommandContext } from '../commands/context'
import { ExpectedError } from '../domain/errors'
import { webEnv } from './env'
import type { LabFaults } from './present/lab'

const parameters = z.record(z.string(), z.union([z.string(), z.number()]))

/** What the lab's control answers; only what the panel shows is read. */
const faultSchema = z.object({
  id: z.string(),
  title: z.string(),
  group: z.string(),
  parameters: z.array(
    z.object({
      name: z.string(),
      title: z.string(),
      type: z.enum(['number', 'text']),
      default: z.union([z.string(), z.number()]),
    }),
  ),
  targets: z.array(z.object({ id: z.string(), title: z.string() })),
  active: z.object({ since: z.number(), target: z.string().nullable(), parameters: parameters.default({}) }).nullable(),
})
const faultsSchema = z.object({ faults: z.array(faultSchema) })

const name = z.string().min(1).max(80)
export const startFaultInput = z.strictObject({
  fault: name,
  target: name.nullable(),
  parameters: z.record(name, z.union([z.string().max(80), z.number()])),
})
export const healFaultInput = z.strictObject({ fault: name.nullable() })

const refused = (message: string) => new ExpectedError('unavailable', message)

/** Is there a lab to break? Only in a lab environment with its control configured. */
export function labConfigured(): boolean {
  const env = webEnv()
  return env.environment.kind === 'lab' && Boolean(env.LAB_URL && env.LAB_TOKEN)
}

async function call(method: 'GET' | 'POST', path: string, body?: unknown): Promise<unknown> {
  const env = webEnv()
  if (env.environment.kind !== 'lab' || !env.LAB_URL || !env.LAB_TOKEN)
    throw refused('This environment is not a lab, so no faults can be injected.')
  let response: Response
  try {
    response = await fetch(`${env.LAB_URL.replace(/\/$/, '')}${path}`, {
      method,
      headers: { 'x-lab-token': env.LAB_TOKEN, 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
      // Healing may rebuild a node from a base backup.
      signal: AbortSignal.timeout(method === 'GET' ? 5000 : 60_000),
      cache: 'no-store',
    })
  } catch {
    throw refused('The lab is not responding. Check that it is running.')
  }
  const answer: unknown = await response.json().catch(() => null)
  if (response.ok) return answer
  const said = z.object({ error: z.string() }).safeParse(answer)
  throw refused(said.success ? said.data.error : `The lab answered ${response.status}.`)
}

/** The faults that the lab knows, with what is active. Throws ExpectedError. */
export async function readLabFaults(): Promise<LabFaults> {
  const parsed = faultsSchema.safeParse(await call('GET', '/lab/faults'))
  if (!parsed.success) throw refused('The lab returned an unknown response.')
  return parsed.data.faults
}

/** Starts a fault on a target; what is left out takes the lab's default. Throws ExpectedError. */
export async function startLabFault(
  context: CommandContext,
  input: z.output<typeof startFaultInput>,
): Promise<LabFaults> {
  authorise(context, 'lab-faults')
  await call('POST', '/lab/faults', input)
  return readLabFaults()
}

/** Ends one fault, or all of them and repairs what does not come back by itself. Throws ExpectedError. */
export async function healLab(context: CommandContext, { fault }: z.output<typeof healFaultInput>): Promise<LabFaults> {
  authorise(context, 'lab-faults')
  await call('POST', '/lab/heal', { fault })
  return readLabFaults()
}
