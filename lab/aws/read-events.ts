import type { LabEvent } from '../contract'
import type { RdsCall } from './call'
import { invalidCombination, invalidValue } from './errors'
import { rdsArn } from './names'
import { page } from './paging'
import { type XmlStructure, xmlList } from './xml'

// Kinds that the API knows; the lab has events of the first two.
const sourceTypes = [
  'db-instance',
  'db-cluster',
  'db-parameter-group',
  'db-security-group',
  'db-snapshot',
  'db-cluster-snapshot',
  'custom-engine-version',
  'db-proxy',
  'blue-green-deployment',
  'db-shard-group',
  'zero-etl',
]
/** Events are kept for 14 days. */
const longestMinutes = 20_160

/**
 * Events of the region, oldest first: of the last hour, unless Duration (minutes) or StartTime says otherwise.
 * While describes are stale, what happened since is not told.
 */
export function describeEvents(call: RdsCall): XmlStructure {
  const { parameters, view, region, context } = call
  const sourceId = parameters.text('SourceIdentifier')
  const sourceType = parameters.text('SourceType')
  if (sourceType && !sourceTypes.includes(sourceType)) {
    throw invalidValue(`Invalid source type: ${sourceType}`)
  }
  if (sourceId && !sourceType) {
    throw invalidCombination('SourceType must be specified when SourceIdentifier is specified.')
  }
  const { from, to } = span(call)
  const categories = parameters.texts('EventCategories')
  const staleSince = context.apiFaults.staleSince()
  const found = context.cluster
    .events()
    .filter(
      (event) =>
        regionOf(call, event) === region &&
        !(view.shape === 'instance' && event.sourceType === 'db-cluster') &&
        event.at >= from &&
        event.at <= to &&
        (staleSince === null || event.at < staleSince) &&
        (!sourceType || event.sourceType === sourceType) &&
        (!sourceId || event.sourceId === sourceId.toLowerCase()) &&
        (!categories || event.categories.some((category) => categories.includes(category))),
    )
    .sort((a, b) => a.at - b.at)
  const { items, Marker } = page(parameters, found)
  return {
    Marker,
    Events: xmlList(
      'Event',
      items.map((event) => ({
        SourceIdentifier: event.sourceId,
        SourceType: event.sourceType,
        Message: event.message,
        EventCategories: xmlList('EventCategory', event.categories),
        Date: new Date(event.at),
        SourceArn: rdsArn(region, event.sourceType === 'db-cluster' ? 'cluster' : 'db', event.sourceId),
      })),
    ),
  }
}

function span({ parameters }: RdsCall): { from: number; to: number } {
  const now = Date.now()
  const duration = parameters.integer('Duration')
  const start = parameters.time('StartTime')
  const end = parameters.time('EndTime')
  if (duration !== null && (duration < 1 || duration > longestMinutes)) {
    throw invalidValue(`Invalid value ${duration} for Duration. Must be between 1 and ${longestMinutes}`)
  }
  if (duration !== null && (start !== null || end !== null)) {
    throw invalidCombination('Duration cannot be combined with StartTime or EndTime.')
  }
  if (start !== null && end !== null && start > end) {
    throw invalidCombination('StartTime must not be after EndTime.')
  }
  const minutes = duration ?? 60
  const oldest = now - longestMinutes * 60_000
  return { from: Math.max(oldest, start ?? (end ?? now) - minutes * 60_000), to: end ?? Number.POSITIVE_INFINITY }
}

function regionOf({ view }: RdsCall, event: LabEvent): string {
  return view.nodes.find((node) => node.id === event.sourceId)?.region ?? view.cluster.region
}
