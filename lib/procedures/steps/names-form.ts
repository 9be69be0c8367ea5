import type { MoveWay } from '../../domain/names/move'
import type { InputField } from '../../domain/procedure/types'
import type { Surroundings } from '../contract'

const labels: Record<'auto' | MoveWay, { label: string; note: string }> = {
  auto: { label: 'Most robust', note: 'For each name the first of the following that is possible.' },
  'switch-object': { label: 'Switch object', note: 'Needs S3 in the recovery region only.' },
  observed: { label: 'Change nothing', note: 'The health check has to move the name by itself.' },
  forced: { label: 'Force the health check', note: 'Needs the control plane of Route 53.' },
  rrset: { label: 'Write the record set again', note: 'Needs the control plane of Route 53.' },
}

/** How names are to be moved. */
export const waysField = ({ names }: Surroundings): InputField => ({
  name: 'dnsMode',
  label: 'Names',
  help: names
    ? 'A name for which the chosen way is not possible is moved by the most robust one that is.'
    : 'No names are configured; they are moved manually.',
  type: 'choice',
  choices: Object.entries(labels).map(([value, { label, note }]) => ({ value, label, note })),
  default: 'auto',
})

export const wayChosen = (way: 'auto' | MoveWay): string => labels[way].label
