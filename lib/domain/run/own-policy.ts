import { askedFor } from './approval-rule'
import type { Approval, Run } from './run'

/** What a runner's own configuration says of its environment. */
export interface OwnPolicy {
  name: string
  kind: Run['environmentKind']
  aws: { clusterId: string }
  policy: { breakGlass: boolean; twoPersons: boolean }
}

/** Must another person than the one who started a run approve its dangerous steps? In production always. */
export const asksTwoPersons = ({ kind, policy }: Pick<OwnPolicy, 'kind' | 'policy'>): boolean =>
  kind === 'production' || policy.twoPersons

/**
 * Why a runner does not act on a run, by its own configuration; null when it may. The store's row says what was so when the
 * run was started, and whoever can write there can write anything: of the row and the configuration the stricter one holds,
 * and a run whose row asks less than the configuration is refused. `approval` is the one under which a dangerous effect
 * would be sent, null for any other effect.
 */
export function refusedByPolicy(
  own: OwnPolicy,
  run: Pick<Run, 'environment' | 'environmentKind' | 'cluster' | 'mode' | 'twoPersons' | 'startedBy'>,
  approval: Pick<Approval, 'kind' | 'decidedBy' | 'askedForId'> | null,
): string | null {
  const refused = (why: string) => `${why} Nothing was sent. Stop this run, and start a new one.`
  if (run.environment !== own.name)
    return refused(`This run belongs to environment ${run.environment}; this runner guards ${own.name}.`)
  if (run.environmentKind !== own.kind)
    return refused(
      `This run was started as ${run.environmentKind}; by the configuration of this runner, ${own.name} is ${own.kind}.`,
    )
  if (run.cluster !== own.aws.clusterId)
    return refused(`This run belongs to cluster ${run.cluster}; this runner guards ${own.aws.clusterId}.`)
  if (run.mode === 'drill' && own.kind === 'production')
    return refused(`${own.name} is production; drills are not allowed.`)
  if (asksTwoPersons(own) && !run.twoPersons)
    return refused(`This run was started without a second person; ${own.name} requires one.`)
  if (approval === null) return null
  if (approval.kind === 'break-glass')
    return own.policy.breakGlass
      ? null
      : `Break-glass is switched off for ${own.name}. Nothing was sent; a second person must approve.`
  return asksTwoPersons(own) && approval.decidedBy?.id === askedFor(run, approval)
    ? `${approval.decidedBy.name} requested and approved this. Nothing was sent; another person must approve.`
    : null
}
