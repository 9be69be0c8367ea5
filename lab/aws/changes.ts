/** Parameters of the modifying calls as attribute changes, validated as the API would. */
import { invalidCombination, invalidValue } from './errors'
import { securityGroupsOf } from './names'
import type { Parameters } from './parameters'

export type Changes = Record<string, unknown>

const timeOfDay = String.raw`([01]\d|2[0-3]):[0-5]\d`
const backupWindow = new RegExp(`^${timeOfDay}-${timeOfDay}$`)
const day = '(mon|tue|wed|thu|fri|sat|sun)'
const maintenanceWindow = new RegExp(`^${day}:${timeOfDay}-${day}:${timeOfDay}$`, 'i')

/** BackupRetentionPeriod (0 to 35 days) and PreferredBackupWindow (UTC, at least 30 minutes). */
export function backupChanges(parameters: Parameters): Changes {
  const changes: Changes = {}
  const days = bounded(parameters, 'BackupRetentionPeriod', 0, 35)
  if (days !== null) changes.BackupRetentionPeriod = days
  const window = parameters.text('PreferredBackupWindow')
  if (window !== null) {
    if (!backupWindow.test(window) || windowMinutes(window) < 30) {
      throw invalidValue(`Invalid backup window ${window}: it must be hh24:mi-hh24:mi and at least 30 minutes.`)
    }
    changes.PreferredBackupWindow = window
  }
  return changes
}

/** Changes that RDS makes at once, whether or not ApplyImmediately is given. */
export function immediateChanges(parameters: Parameters, region: string): Changes {
  const changes = backupChanges(parameters)
  const maintenance = parameters.text('PreferredMaintenanceWindow')
  if (maintenance !== null) {
    if (!maintenanceWindow.test(maintenance)) throw invalidValue(`Invalid maintenance window ${maintenance}.`)
    changes.PreferredMaintenanceWindow = maintenance.toLowerCase()
  }
  const groups = parameters.texts('VpcSecurityGroupIds')
  if (groups !== null) {
    const wrong = groups.find((group) => !securityGroupsOf(region).includes(group))
    if (wrong !== undefined || groups.length === 0)
      throw invalidValue(`Invalid security group , groupId= ${wrong ?? ''}.`)
    changes.VpcSecurityGroupIds = groups
  }
  for (const name of ['DeletionProtection', 'CopyTagsToSnapshot', 'AutoMinorVersionUpgrade', 'PubliclyAccessible']) {
    const value = parameters.boolean(name)
    if (value !== null) changes[name] = value
  }
  const performance = parameters.boolean('EnablePerformanceInsights')
  if (performance !== null) changes.EnablePerformanceInsights = performance
  const tier = bounded(parameters, 'PromotionTier', 0, 15)
  if (tier !== null) changes.PromotionTier = tier
  const interval = parameters.integer('MonitoringInterval')
  if (interval !== null) {
    if (![0, 1, 5, 10, 15, 30, 60].includes(interval)) throw invalidValue(`Invalid MonitoringInterval ${interval}.`)
    changes.MonitoringInterval = interval
  }
  return changes
}

/** Changes that wait for the maintenance window unless ApplyImmediately is given. */
export function deferrableChanges(parameters: Parameters): Changes {
  const changes: Changes = {}
  for (const name of ['DBInstanceClass', 'EngineVersion', 'StorageType', 'CACertificateIdentifier']) {
    const value = parameters.text(name)
    if (value !== null) changes[name] = value
  }
  const instanceClass = changes.DBInstanceClass
  if (typeof instanceClass === 'string' && !/^db\.[a-z0-9]+\.[a-z0-9]+$/.test(instanceClass)) {
    throw invalidValue(`Invalid DB Instance class: ${instanceClass}`)
  }
  const storage = bounded(parameters, 'AllocatedStorage', 20, 65_536)
  if (storage !== null) changes.AllocatedStorage = storage
  const iops = bounded(parameters, 'Iops', 1_000, 256_000)
  if (iops !== null) changes.Iops = iops
  const multiAz = parameters.boolean('MultiAZ')
  if (multiAz !== null) changes.MultiAZ = multiAz
  const iam = parameters.boolean('EnableIAMDatabaseAuthentication')
  if (iam !== null) changes.EnableIAMDatabaseAuthentication = iam
  return changes
}

/** Members that would need what the lab does not have; throws InvalidParameterCombination for the first. */
export function refuseUnsupported(parameters: Parameters, names: readonly string[]): void {
  const asked = names.find((name) => parameters.has(name))
  if (asked) throw invalidCombination(`This environment does not support changing ${asked}.`)
}

function bounded(parameters: Parameters, name: string, least: number, most: number): number | null {
  const value = parameters.integer(name)
  if (value !== null && (value < least || value > most)) {
    throw invalidValue(`Invalid value ${value} for ${name}. Must be between ${least} and ${most}.`)
  }
  return value
}

function windowMinutes(window: string): number {
  const [from = 0, to = 0] = window.split('-').map((time) => {
    const [hours = 0, minutes = 0] = time.split(':').map(Number)
    return hours * 60 + minutes
  })
  return (to - from + 1440) % 1440
}
