/** A cluster, or an instance that stands alone, as the managed API describes it, and the copies that are made of it. */
export interface Restorable {
  kind: 'cluster' | 'instance'
  id: string
  arn: string
  status: string
  endpoint: Address | null
  readerEndpoint: Address | null
  masterUsername: string | null
  window: RestoreWindow
  attributes: RestoreAttributes
  /** The members of a cluster, or the instance itself; the writer first. */
  instances: RestorableInstance[]
  tags: Record<string, string>
}

type Address = { host: string; port: number }

/** Between these moments a restore can end, ms; null where the API names none. */
export type RestoreWindow = { earliestAt: number | null; latestAt: number | null }

/** What a restore would set back to the account's defaults, and so sends explicitly (faults 7 and 58 of the runbook). */
export type RestoreAttributes = {
  engine: string
  engineVersion: string
  port: number | null
  subnetGroup: string | null
  /** The cluster's own; of an instance that stands alone, its. */
  parameterGroup: string | null
  securityGroupIds: string[]
  encrypted: boolean
  kmsKeyId: string | null
  storageType: string | null
  iops: number | null
  storageGiB: number | null
  iamAuthentication: boolean
  logExports: string[]
  deletionProtection: boolean
  copyTagsToSnapshots: boolean
  backupRetentionDays: number
  multiAz: boolean
}

export type RestorableInstance = {
  id: string
  isWriter: boolean
  status: string
  address: Address | null
  zone: string
  instanceClass: string
  parameterGroup: string | null
  promotionTier: number | null
  publiclyAccessible: boolean
  multiAz: boolean
  tags: Record<string, string>
}

/** The tag by which everything that a run has made is known as its own; the value is the run's id. */
export const runTag = 'dr-run'
