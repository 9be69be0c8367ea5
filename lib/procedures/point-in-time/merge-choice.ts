import { withoutKeysTo } from '../../domain/reconcile/creation'
import type { MergeTable } from '../../domain/reconcile/merge'
import { effectOf } from '../../domain/reconcile/policy'
import { tableId } from '../../domain/reconcile/table'
import { PortError } from '../../ports/port-error'
import type { MergeReader } from '../../ports/reconcile'
import type { StepContext, World } from '../contract'
import { needed } from '../facts'
import { chooseStepId, type ReconcileFacts } from './reconcile-facts'

/** The recovery role's own look at both databases. Throws PortError where none is configured. */
export const readerOf = (world: World): MergeReader => {
  if (world.merges) return world.merges
  throw new PortError(
    'config',
    'A recovery role, which compares and merges rows, is not configured for this environment.',
    {
      outcome: 'rejected',
      probe: 'not-configured',
    },
  )
}

/** What the person chose, checked against the comparison, as it will be sent. Throws PortError. */
export async function groupsOf(
  world: World,
  { facts }: StepContext<unknown, ReconcileFacts>,
): Promise<{ groups: MergeTable[][] } | { why: string }> {
  const comparison = needed(facts.comparison, 'the comparison')
  const choice = facts[`answer/${chooseStepId}`]?.value
  if (!choice) return { why: 'Waiting for a person to choose what is merged.' }
  if (choice.batch !== comparison.batch) return { why: 'The rows were compared again. Waiting for a new choice.' }
  const { source, target, batch } = comparison
  const reader = readerOf(world)
  const tables = comparison.tables.map(({ table }) => table)
  const unknown = choice.tables.find(({ table }) => !tables.includes(table))
  if (unknown) return { why: `${unknown.table} was not compared. Choose again.` }
  const compared = await reader.compared(target, batch)
  const { groups, refused } = await reader.plan(source, target, tables)
  if (refused[0]) return { why: `${refused[0].table} can no longer be merged. ${refused[0].why}` }
  const policyOf = (table: string) =>
    choice.tables.find((one) => one.table === table)?.policy ?? ({ kind: 'skip' } as const)
  // What stays dropped cannot be led to.
  const absent = new Set(
    compared.flatMap(({ table, creation }) => (creation && policyOf(table).kind === 'skip' ? [table] : [])),
  )
  const made: MergeTable[][] = []
  for (const group of groups) {
    const members: MergeTable[] = []
    for (const table of group) {
      const found = compared.find((one) => one.table === tableId(table))
      if (!found) return { why: `${tableId(table)} was not compared. Choose again.` }
      const chosen = choice.tables.find((one) => one.table === found.table)
      const policy = policyOf(found.table)
      if (found.creation && policy.kind === 'rows')
        return { why: `${found.table} is created again with all of its rows, or not at all. Choose again.` }
      const keys = policy.kind === 'rows' ? policy.keys : []
      const count = await reader.chosen(target, found, batch, keys)
      if (count.source + count.target + count.different !== new Set(keys).size)
        return { why: `A row that was chosen in ${found.table} is not among those that differ. Choose again.` }
      const stay =
        found.creation !== null || comparison.triggersStay.includes(found.table) || found.facts.triggers.length === 0
      members.push({
        table: found.table,
        facts: found.facts,
        place: found.place,
        policy,
        triggers: stay ? 'on' : (chosen?.triggers ?? 'on'),
        effect: effectOf(policy, found, count),
        compared: found.digest,
        creation: found.creation && policy.kind !== 'skip' ? withoutKeysTo(found.creation, absent) : null,
      })
    }
    made.push(members)
  }
  return { groups: made }
}
