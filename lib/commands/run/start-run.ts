import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { dryRunsAtOnce } from '../../domain/admission'
import type { Snapshot } from '../../domain/cluster/types'
import { conflict, ExpectedError, notFound } from '../../domain/errors'
import { assertNoSecret, SecretInCallError } from '../../domain/procedure/call'
import { canonicalJson, type JsonValue } from '../../domain/procedure/canonical'
import { unfitOn } from '../../domain/procedure/catalogue'
import { runModes } from '../../domain/procedure/types'
import { asksTwoPersons } from '../../domain/run/own-policy'
import { listWords } from '../../domain/units'
import { type AnyProcedure, definitionHash, type Surroundings } from '../../procedures/contract'
import { procedureBySlug } from '../../procedures/index'
import { admit } from '../../store/admission'
import type { Store } from '../../store/client'
import { onlyOpenIncident } from '../../store/incident'
import { startRun as begin, lockHolders } from '../../store/run'
import { signal } from '../../store/signal'
import { actorOf, authorise, type CommandContext } from '../context'
import { numberField } from '../incident/on-incident'
import { reason } from './steer'

export const startRunInput = z.object({
  slug: z.string().min(1),
  mode: z.enum(runModes),
  reason,
  incidentNumber: numberField.nullish(),
  /** Only for the real thing: the environment's name, typed. */
  typedEnvironment: z.string().optional(),
  inputs: z.record(z.string(), z.unknown()),
})

/** What a person enters is recorded and shown; something that looks like a password is not taken. */
function refuseSecret(field: string, value: unknown): void {
  try {
    assertNoSecret(value)
  } catch (error) {
    if (!(error instanceof SecretInCallError)) throw error
    throw new ExpectedError('invalid', 'Some fields are invalid.', {
      fields: { [field]: ['This looks like a password or a key. It would be recorded and shown; leave it out.'] },
    })
  }
}

/** Parses a procedure's own inputs, as things are `seen`. Throws ExpectedError 'invalid' with the fields by name. */
export function parseInputs(
  procedure: AnyProcedure,
  inputs: unknown,
  seen: { snapshot: Snapshot | null; now: number },
): { [name: string]: JsonValue } {
  const parsed = procedure.inputs.safeParse(inputs)
  if (parsed.success) {
    const values = parsed.data as { [name: string]: JsonValue }
    for (const [name, value] of Object.entries(values)) refuseSecret(`inputs.${name}`, value)
    const refused = Object.entries(procedure.refuses?.(parsed.data, seen) ?? {})
    if (refused.length === 0) return values
    throw new ExpectedError('invalid', 'Some fields are invalid.', {
      fields: Object.fromEntries(refused.map(([name, why]) => [`inputs.${name}`, [why]])),
    })
  }
  const fields: Record<string, string[]> = {}
  for (const issue of parsed.error.issues) {
    const name = `inputs.${issue.path.join('.')}`
    fields[name] = [...(fields[name] ?? []), issue.message]
  }
  throw new ExpectedError('invalid', 'Some fields are invalid.', { fields })
}

/**
 * Starts a run: its definition, inputs and names are fixed from here on, and the cluster is its own until it ends. The
 * runner looks at the prerequisites and goes on by itself. Returns the run's id.
 * Throws ExpectedError 'not-allowed', 'invalid', 'not-found', 'too-many-attempts' (dry runs only), and 'conflict' when the
 * cluster has an active run, is of a shape that the procedure cannot run on, or as many dry runs are under way as may be.
 */
export async function startRun(
  context: CommandContext,
  environment: Surroundings,
  input: z.output<typeof startRunInput>,
  /** The guarded database as it was seen last; null while nobody has looked, and then the runner's own look decides. */
  seen: Snapshot | null,
): Promise<{ id: string }> {
  authorise(context, 'run')
  const procedure = procedureBySlug(input.slug)
  if (!procedure) throw notFound('This procedure')
  const unfit = unfitOn(procedure, seen)
  if (unfit) throw conflict(unfit)
  const inputs = parseInputs(procedure, input.inputs, { snapshot: seen, now: context.now() })
  refuseSecret('reason', input.reason)
  if (input.mode === 'real' && input.typedEnvironment !== environment.name)
    throw new ExpectedError('invalid', 'Some fields are invalid.', {
      fields: { typedEnvironment: [`Type ${environment.name} to run this for real.`] },
    })
  if (input.mode === 'drill' && environment.kind === 'production')
    throw new ExpectedError('invalid', 'Some fields are invalid.', {
      fields: { mode: ['Drills run in staging or the lab only. In production, choose a dry run or a real run.'] },
    })
  if (input.mode === 'dry-run') await admit(context.store, 'dry-run', context.person.id)
  const incidentNumber = input.incidentNumber ?? (await onlyOpenIncident(context.store, environment.name, input.mode))
  const now = new Date(context.now())
  const suffix = randomBytes(3).toString('hex')
  const stamp = now.toISOString().replace(/[-:]/g, '').slice(0, 13).toLowerCase()
  const id = `${stamp}z-${suffix}`
  const cluster = environment.aws.clusterId
  const title = procedure.titleOf?.(inputs) ?? procedure.title
  const create = (resources: string[]) =>
    begin(
      context.store,
      context.token,
      {
        id,
        procedureId: procedure.slug,
        procedureVersion: procedure.version,
        title,
        mode: input.mode,
        environment: environment.name,
        environmentKind: environment.kind,
        cluster,
        incidentNumber,
        reason: input.reason,
        twoPersons: asksTwoPersons(environment),
        inputs: JSON.parse(canonicalJson(inputs)) as { [name: string]: JsonValue },
        facts: { nameSuffix: `${stamp}z-${suffix}` },
        startedBy: { id: context.person.id, name: context.person.name },
        steps: procedure.steps(environment, inputs).map((step) => ({
          stepId: step.id,
          title: step.title,
          effect: step.effect,
          definitionHash: definitionHash(procedure.version, step),
          optional: step.optional !== undefined,
          ...(step.stage && { stage: step.stage }),
        })),
        resources,
      },
      {
        kind: 'run.started',
        actor: actorOf(context),
        text: `${title} started (${input.mode}): ${input.reason}`,
        runId: id,
        incidentNumber,
        evidence: {
          procedure: procedure.slug,
          version: procedure.version,
          mode: input.mode,
          environment: environment.name,
          cluster,
          inputs,
        },
      },
    )
  if (input.mode === 'dry-run') await takePlace(context.store, environment.name, (place) => create([place]))
  else await create([`${environment.aws.region}/${cluster}`])
  await signal(context.store, { what: 'run', id })
  return { id }
}

/** Starts a dry run in one of the places that there are for them. Throws ExpectedError 'conflict' when none is free. */
async function takePlace(
  store: Pick<Store, 'pool'>,
  environment: string,
  start: (place: string) => Promise<void>,
): Promise<void> {
  const places = Array.from({ length: dryRunsAtOnce }, (_, i) => `${environment}/dry-run/${i + 1}`)
  const taken = new Set((await lockHolders(store, environment, places)).map(({ resource }) => resource))
  for (const place of places.filter((one) => !taken.has(one)))
    try {
      return await start(place)
    } catch (error) {
      // Somebody else was faster: there may be another place.
      if (!(error instanceof ExpectedError) || error.code !== 'conflict') throw error
    }
  const holders = await lockHolders(store, environment, places)
  const names = listWords(holders.map(({ title, startedByName }) => `${title} by ${startedByName}`))
  throw conflict(
    `${dryRunsAtOnce} dry runs are under way in ${environment}, and no more may be: ${names}. Stop one of them, or try again when one has ended.`,
  )
}
