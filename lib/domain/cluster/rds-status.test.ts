// What each documented status of RDS means, and what follows from it. A word that nobody has documented proves nothing.
import { describe, expect, it, test } from 'vitest'
import { documentedStatuses, fitToBeChosen, isChanging, isFailingOver, type RdsStatus, rdsStatus } from './rds-status'

const kinds: Record<RdsStatus['kind'], string[]> = {
  usable: ['available', 'backing-up', 'storage-initialization', 'storage-optimization'],
  changing: [
    ...['backtracking', 'configuring-activity-stream', 'configuring-enhanced-monitoring'],
    ...['configuring-iam-database-auth', 'configuring-log-exports', 'converting-to-vpc', 'creating', 'delete-precheck'],
    ...[
      'deleting',
      'failing-over',
      'maintenance',
      'migrating',
      'modifying',
      'moving-to-vpc',
      'preparing-data-migration',
    ],
    ...['promoting', 'rebooting', 'renaming', 'resetting-master-credentials', 'scaling-compute', 'scaling-storage'],
    ...['starting', 'stopped', 'stopping', 'storage-config-upgrade', 'update-iam-db-auth', 'upgrading'],
  ],
  broken: [
    ...['cloning-failed', 'failed', 'inaccessible-encryption-credentials'],
    ...['inaccessible-encryption-credentials-recoverable', 'incompatible-create', 'incompatible-network'],
    ...['incompatible-option-group', 'incompatible-parameters', 'incompatible-restore', 'insufficient-capacity'],
    ...['insufficient-resource-limits', 'migration-failed', 'restore-error', 'storage-full'],
  ],
  unknown: ['', 'unknown', 'Available', 'quantum-realigning', 'constructor'],
}
const table = Object.entries(kinds).flatMap(([kind, words]) => words.map((word) => [word, kind] as const))

describe('a status of RDS', () => {
  it.each(table)('%j is %s', (word, kind) => {
    expect(rdsStatus(word).kind).toBe(kind)
  })

  it('has a row in this table for every word that the rule lists', () => {
    const told = table.filter(([, kind]) => kind !== 'unknown').map(([word]) => word)
    expect(told.sort()).toEqual([...documentedStatuses].sort())
  })

  it('has a reason unless it is usable', () => {
    for (const [word] of table) {
      const judged = rdsStatus(word)
      if (judged.kind !== 'usable') expect(judged.reason, word).toMatch(/^[Rithe]/)
    }
  })

  it('tells a failover by one word only', () => {
    expect(documentedStatuses.filter(isFailingOver)).toEqual(['failing-over'])
    expect(documentedStatuses.filter(isChanging).sort()).toEqual([...kinds.changing].sort())
  })
})

test.each(table)('a reader that is %j (%s) is chosen only when usable, and doubted when unknown', (word, kind) => {
  const fits = kind === 'usable' ? 'yes' : kind === 'unknown' ? 'in-doubt' : 'no'
  expect(fitToBeChosen(word).fits).toBe(fits)
  // The word is that of the writer: what broke it is the reason to go to its standby.
  expect(fitToBeChosen(word, true).fits).toBe(kind === 'broken' ? 'in-doubt' : fits)
})

test('a reader of which no status is known yet is judged by itself', () => {
  expect(fitToBeChosen(null)).toEqual({ fits: 'yes' })
})
