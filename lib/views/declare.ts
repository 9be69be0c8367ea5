import { castmatch } from '../config/castmatch'
import { damageBounds } from '../domain/cluster/damage'
import { isRegionFailing } from '../domain/cluster/region'
import { suggestSeverity } from '../domain/incident/severity'
import type { DeclareView } from '../domain/incident/view'
import { cutText } from '../domain/text'
import { listIncidents } from '../store/incident'
import type { ViewContext } from './context'
import { presentPicture } from './detection'
import { readPeople, rightTo } from './rights'

/** What the declare dialog opens with. Throws ExpectedError. */
export async function readDeclare(context: ViewContext): Promise<DeclareView> {
  const { person, environment } = context
  const picture = presentPicture(context)
  const diagnosis = picture?.diagnosis ?? null
  const wrong = diagnosis !== null && diagnosis.kind !== 'healthy' && diagnosis.kind !== 'unknown'
  const failing = new Set(picture?.votes.filter(({ vote }) => vote === 'fail').map(({ vantage }) => vantage))
  const damage = wrong ? (diagnosis.damage?.shown ?? null) : null
  const signs = (damage?.signs ?? []).map(({ rule }) => rule)
  const servicesDown = isRegionFailing(picture?.regions.value ?? null)
  const seen: Record<string, boolean> = {
    'connect-timeout': failing.has('endpoint'),
    'pooler-failing': failing.has('pooler'),
    'app-errors': failing.has('pods') || failing.has('metrics'),
    'services-down': servicesDown,
    outage: failing.has('endpoint') && (failing.has('pods') || servicesDown),
    inconsistent: signs.includes('index'),
    constraint: signs.includes('violations'),
    'logic-errors': signs.includes('invariant'),
    missing: signs.some((rule) => rule !== 'delete-rate'),
    features: signs.includes('relation-missing'),
  }
  const [people, open] = await Promise.all([
    readPeople(context),
    listIncidents(context.store.prisma, { environment: environment.name, open: true, limit: 1 }),
  ])
  const cluster = environment.aws.clusterId
  const impact =
    damage !== null
      ? damage.firstBadAt
      : wrong
        ? Math.min(picture?.lastHeartbeatAt ?? diagnosis.since, diagnosis.since)
        : null
  return {
    suggestedSeverity: suggestSeverity(diagnosis),
    scenario: wrong ? diagnosis.scenario : null,
    scenarios: castmatch.scenarios.map(({ key, title, symptoms }) => ({
      key,
      title,
      symptoms: symptoms.map((s) => ({ ...s, ticked: wrong && diagnosis.scenario === key && (seen[s.id] ?? false) })),
      suggestedTitle:
        wrong && diagnosis.scenario === key
          ? cutText(damage?.signs[0]?.says ?? diagnosis.headline, 200)
          : `${title} on ${cluster}`,
    })),
    impactStartedAt: impact,
    impactReason:
      impact === null
        ? 'Nothing was detected. Enter when the impact started.'
        : damage !== null
          ? `The first sample that showed the damage. ${damageBounds(damage)}`
          : picture?.lastHeartbeatAt
            ? 'The last heartbeat that the writer acknowledged.'
            : 'When the failure was first seen.',
    people,
    me: { id: person.id, name: person.name },
    right: rightTo(context, 'declare'),
    alreadyOpen: open[0] ? { number: open[0].number, title: open[0].title } : null,
  }
}
