/**
 * What a status word of RDS means, for a node or a cluster. RDS describes what it is doing; whether the database works is
 * shown by the database alone. `usable`: nothing speaks against it. `changing`: RDS itself is changing something, and
 * refuses other changes meanwhile. `broken`: RDS sees it as broken or out of use. `unknown`: a word that is not
 * documented here, which proves nothing in either direction.
 */
export type RdsStatus = { status: string } & Meaning

type Meaning =
  | { kind: 'usable' }
  | {
      kind: 'changing'
      /** What RDS is doing, as a sentence without its full stop. */
      reason: string
      /** What a procedure would see of its own act, or of the same act by RDS: a run follows that instead of waiting. */
      mayBe: 'failover' | 'promotion' | null
      /** Does the database answer clients meanwhile, by design? */
      serves: boolean
    }
  | { kind: 'broken'; reason: string }
  | { kind: 'unknown'; reason: string }

const usable: Meaning = { kind: 'usable' }
const changing = (reason: string): Meaning => ({ kind: 'changing', reason, mayBe: null, serves: true })
const interrupted = (reason: string): Meaning => ({ kind: 'changing', reason, mayBe: null, serves: false })
const broken = (reason: string): Meaning => ({ kind: 'broken', reason })

/**
 * Every status that the documentation lists (RDS User Guide, "DB instance status" and "DB cluster status"; Aurora User
 * Guide, the same chapters).
 */
const documented: Readonly<Record<string, Meaning>> = {
  available: usable,
  // The database serves as always while these last, which may take a day; RDS accepts a failover.
  'backing-up': usable,
  'storage-optimization': usable,
  'storage-initialization': usable,

  'failing-over': { kind: 'changing', reason: 'RDS is failing over', mayBe: 'failover', serves: false },
  'configuring-activity-stream': changing('RDS is configuring its activity stream'),
  'configuring-enhanced-monitoring': changing('RDS is configuring its monitoring'),
  'configuring-iam-database-auth': changing('RDS is configuring its IAM sign-in'),
  'configuring-log-exports': changing('RDS is configuring its log exports'),
  'delete-precheck': changing('RDS is checking whether it can be deleted'),
  // A replica that is promoted shows these two, in this order.
  modifying: { kind: 'changing', reason: 'RDS is modifying it', mayBe: 'promotion', serves: true },
  rebooting: { kind: 'changing', reason: 'RDS is restarting it', mayBe: 'promotion', serves: false },

  'preparing-data-migration': changing('RDS is preparing a data migration'),
  'resetting-master-credentials': changing('RDS is resetting its master credentials'),
  'scaling-compute': changing('RDS is changing its capacity'),
  'scaling-storage': changing('RDS is changing its storage'),
  'storage-config-upgrade': changing('RDS is upgrading its storage configuration'),
  'update-iam-db-auth': changing('RDS is configuring its IAM sign-in'),
  upgrading: changing('RDS is upgrading its engine'),

  backtracking: interrupted('RDS is backtracking it'),
  'converting-to-vpc': interrupted('RDS is moving it into a VPC'),
  creating: interrupted('RDS is creating it'),
  deleting: interrupted('RDS is deleting it'),
  maintenance: interrupted('RDS is applying maintenance'),
  migrating: interrupted('RDS is restoring a snapshot into it'),
  'moving-to-vpc': interrupted('RDS is moving it into another VPC'),
  promoting: { kind: 'changing', reason: 'RDS is promoting it', mayBe: 'promotion', serves: false },
  renaming: interrupted('RDS is renaming it'),
  starting: interrupted('RDS is starting it'),
  stopping: interrupted('RDS is stopping it'),
  // Nothing broke: somebody asked for it, and RDS does nothing with it before it is started.
  stopped: interrupted('it was stopped on request and must be started first'),

  'cloning-failed': broken('its cloning failed'),
  failed: broken('it has failed and RDS cannot recover it'),
  'inaccessible-encryption-credentials': broken('its encryption key cannot be used'),
  'inaccessible-encryption-credentials-recoverable': broken('its encryption key cannot be used'),
  'incompatible-create': broken('it could not be created as requested'),
  'incompatible-network': broken('its network has no place for it'),
  'incompatible-option-group': broken('its option group does not fit'),
  'incompatible-parameters': broken('it cannot start with its parameters'),
  'incompatible-restore': broken('it could not be restored to the requested time'),
  'insufficient-capacity': broken('RDS has no capacity for it'),
  'insufficient-resource-limits': broken('the account’s limits leave no room for it'),
  'migration-failed': broken('its migration failed'),
  'restore-error': broken('its restore failed'),
  'storage-full': broken('its storage is full'),
}

/** All documented words, for whoever must go through each of them. */
export const documentedStatuses: readonly string[] = Object.keys(documented)

/** What a status word of RDS means. A word that is not documented here is `unknown`, never usable and never broken. */
export function rdsStatus(status: string): RdsStatus {
  const meaning = Object.hasOwn(documented, status) ? documented[status] : undefined
  return { status, ...(meaning ?? { kind: 'unknown', reason: 'the meaning of this status is unknown' }) }
}

/** Is RDS moving the writer, by this status? */
export function isFailingOver(status: string): boolean {
  const judged = rdsStatus(status)
  return judged.kind === 'changing' && judged.mayBe === 'failover'
}

/** Is RDS itself changing something, by this status? */
export const isChanging = (status: string): boolean => rdsStatus(status).kind === 'changing'

/** What speaks against acting on it, as people read it; null when nothing does. */
function rdsWords(status: string): string | null {
  const judged = rdsStatus(status)
  return judged.kind === 'usable' ? null : `RDS reports it as ${judged.status}: ${judged.reason}`
}

/** Whether a node can be chosen as the next writer, by its status alone. */
type FitToBeChosen = { fits: 'yes' } | { fits: 'in-doubt' | 'no'; why: string }

/**
 * The one rule for the table of candidates and for the prerequisites. A reader that RDS is changing or reports as broken is
 * not chosen. An unknown word only leaves a doubt: RDS itself refuses the call when the reader cannot take over. A Multi-AZ
 * standby has no status of its own: the word is that of the writer, and a broken writer is what the standby is there for.
 */
export function fitToBeChosen(status: string | null, standby = false): FitToBeChosen {
  if (status === null) return { fits: 'yes' }
  const why = rdsWords(status)
  if (why === null) return { fits: 'yes' }
  const { kind } = rdsStatus(status)
  switch (kind) {
    case 'usable':
      return { fits: 'yes' }
    case 'changing':
      return { fits: 'no', why }
    case 'broken':
      return standby ? { fits: 'in-doubt', why } : { fits: 'no', why }
    case 'unknown':
      return { fits: 'in-doubt', why }
  }
}
