import { z } from 'zod'
import { castmatch } from '../../config/castmatch'
import { scenarios } from '../../domain/cluster/types'
import { invalidField } from '../../domain/errors'
import { updateEveryMinutes } from '../../domain/incident/incident'
import { roleLabels } from '../../domain/incident/labels'
import { type Detection, incidentKinds, severities } from '../../domain/incident/types'
import { line } from '../../domain/text-fields'
import { utcWords } from '../../domain/units'
import { linkAlert } from '../../store/alert'
import { addIncident, findDeclared, setRole } from '../../store/incident'
import { signal } from '../../store/signal'
import { inTransaction } from '../../store/transaction'
import { authorise, type CommandContext } from '../context'
import { personById, tell } from './on-incident'

export const declareInput = z.object({
  title: line(200, 'Give it a title.'),
  kind: z.enum(incidentKinds),
  severity: z.enum(severities, 'Choose a severity.'),
  scenario: z.enum(scenarios, 'Choose a scenario.'),
  symptoms: z.array(z.string().max(60)).max(20).default([]),
  impactStartedAt: z.number().int().positive(),
  commanderId: z.string().nullable().default(null),
  alertId: z.string().max(80).optional(),
})

/** A declaration that is repeated within this time opens nothing new. */
const repeatMs = 120_000
const dayMs = 86_400_000

/**
 * Opens an incident: clocks, four roles, ten checklist items and the first entries of its timeline, all at once.
 * `detectedAt` is when the collector saw it, when it did. Throws ExpectedError 'not-allowed', 'invalid', 'not-found'.
 */
export async function declare(
  context: CommandContext,
  input: z.output<typeof declareInput>,
  detection: Detection | null = null,
): Promise<{ number: number }> {
  authorise(context, 'declare')
  const now = context.now()
  if (input.impactStartedAt > now + 60_000)
    throw invalidField('impactStartedAt', 'The impact cannot start in the future.')
  if (input.impactStartedAt < now - 30 * dayMs) throw invalidField('impactStartedAt', 'This is more than 30 days ago.')
  const scenario = castmatch.scenarios.find(({ key }) => key === input.scenario)
  const symptoms = (scenario?.symptoms ?? []).filter(({ id }) => input.symptoms.includes(id))
  const number = await inTransaction(context.store, async (tx) => {
    const commander = input.commanderId === null ? null : await personById(tx, input.commanderId)
    const impactStartedAt = Math.min(input.impactStartedAt, now)
    const by = { id: context.person.id, name: context.person.name }
    // The same words with the same beginning by the same person are the same declaration, whose answer was lost.
    const same = { environment: context.environment.name, title: input.title, kind: input.kind, impactStartedAt }
    const known = await findDeclared(tx, { ...same, byId: by.id, since: now - repeatMs })
    if (known !== null) return known
    const opened = await addIncident(tx, {
      environment: context.environment.name,
      title: input.title,
      kind: input.kind,
      severity: input.severity,
      severityReason: null,
      scenario: input.scenario,
      symptoms: symptoms.map(({ id }) => id),
      impactStartedAt,
      detectedAt: detection && detection.at >= impactStartedAt && detection.at <= now ? detection.at : null,
      declaredAt: now,
      declaredBy: by,
      nextUpdateDueAt: now + updateEveryMinutes[input.severity] * 60_000,
    })
    await tell(
      tx,
      context,
      opened,
      'declared',
      `Declared ${input.severity}${input.kind === 'drill' ? ' (drill)' : ''}: ${input.title}`,
      {
        occurredAt: now,
        detail: [
          `Scenario ${input.scenario}, ${scenario?.title ?? ''}.`,
          `Impact since ${utcWords(impactStartedAt)}.`,
          symptoms.length ? `Symptoms: ${symptoms.map(({ text }) => text).join('; ')}.` : 'No symptom was selected.',
        ].join(' '),
        impactStartedAt,
        scenario: input.scenario,
        symptoms: symptoms.map(({ id }) => id),
      },
    )
    if (detection)
      // In the name of whoever declares: the collector's own name is the runner's to write.
      await tell(tx, context, opened, 'detection', detection.headline, {
        occurredAt: detection.at,
        diagnosis: detection.kind,
        certainty: detection.certainty,
      })
    if (commander) {
      await setRole(tx, opened, { role: 'commander', holder: commander, since: now, offeredTo: null, offeredBy: null })
      await tell(tx, context, opened, 'role', `${commander.name} is ${roleLabels.commander.toLowerCase()}.`)
    }
    if (input.alertId) await linkAlert(tx, context.environment.name, input.alertId, opened)
    return opened
  })
  await signal(context.store, { what: 'incident', id: String(number) })
  return { number }
}
