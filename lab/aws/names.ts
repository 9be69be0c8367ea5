/** Names of the lab's account: ARNs and the resource ids that RDS gives out once and never changes. */
import { createHash } from 'node:crypto'

/** The account that the lab's key pair belongs to. */
export const labAccountId = '123456789012'
/** The security group without a rule: whoever stands in it alone is reached by nobody. */
export const quarantineGroup = 'sg-0a51c0de0castqua1'
/** Lets in those who recover and operate, and not the application: a restored copy is looked at here before it serves. */
export const recoveryGroup = 'sg-0a51c0de0castrec1'
/** What a restored or new resource is in unless told otherwise; nobody has given the application a rule in it. */
export const defaultGroup = 'sg-0a51c0de0default1'
/** The group of the production servers of a region. */
export const productionGroup = (region: string) =>
  region === 'us-west-2' ? 'sg-0a51c0de0castdb01' : 'sg-0a51c0de0castdb02'
/** All groups of a region; a call that names another is refused. */
export const securityGroupsOf = (region: string) => [
  productionGroup(region),
  quarantineGroup,
  recoveryGroup,
  defaultGroup,
]
export const labCallerArn = `arn:aws:iam::${labAccountId}:user/castmatch-war-room`
export const labCallerUserId = 'AIDACASTMATCHWARROOM'

export type ResourceKind = 'cluster' | 'db' | 'subgrp' | 'cluster-snapshot' | 'snapshot' | 'cluster-pg' | 'auto-backup'

export function rdsArn(region: string, kind: ResourceKind, name: string): string {
  return `arn:aws:rds:${region}:${labAccountId}:${kind}:${name}`
}

/** The zone in which RDS keeps the names of a region's endpoints; another for each region. */
export const hostedZoneId = (region: string): string =>
  `Z${createHash('sha256').update(`zone:${region}`).digest('hex').slice(0, 12).toUpperCase()}`

/** Where the master password is that RDS manages for an instance. */
export function secretArn(region: string, instanceId: string): string {
  const id = resourceId('db', instanceId).slice(3, 9)
  return `arn:aws:secretsmanager:${region}:${labAccountId}:secret:rds!db-${instanceId}-${id}`
}

/** An ARN of the lab's account taken apart; null when it is anything else. */
export function readRdsArn(arn: string): { region: string; kind: string; name: string } | null {
  const [arnWord, aws, rds, region, account, kind, ...name] = arn.split(':')
  if (arnWord !== 'arn' || aws !== 'aws' || rds !== 'rds' || account !== labAccountId || !region || !kind) return null
  return { region, kind, name: name.join(':') }
}

/** The name in an identifier parameter, which may be an ARN; RDS compares names in lower case. */
export function nameIn(identifier: string): string {
  return (readRdsArn(identifier)?.name ?? identifier).toLowerCase()
}

/** When the resources were created that no call has made. */
const foundedAt = Date.UTC(2025, 0, 15, 18)
/** When a resource was created, ms; what a call has made carries it among its attributes. */
export const createdAtOf = ({ createdAt }: Record<string, unknown>): number =>
  typeof createdAt === 'number' ? createdAt : foundedAt

/** The same for the same resource for as long as it lives: a namesake that is created later has another. */
export const resourceIdOf = (kind: 'cluster' | 'db', { id, createdAt }: { id: string; createdAt: number }): string =>
  resourceId(kind, createdAt === foundedAt ? id : `${id} ${createdAt}`)

/** `cluster-..`/`db-..` and 26 capitals and digits, always the same for the same name. */
export function resourceId(kind: 'cluster' | 'db', name: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  const digest = createHash('sha256').update(`${kind}:${name}`).digest()
  return `${kind}-${[...digest.subarray(0, 26)].map((byte) => alphabet[byte % 32]).join('')}`
}
