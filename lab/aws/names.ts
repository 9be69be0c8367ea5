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
export const labCallerArn = `arn:aws:iam::${labAccountId}:user/castmatch-war-room`
export const labCallerUserId = 'AIDACASTMATCHWARROOM'

export type ResourceKind = 'cluster' | 'db' | 'subgrp' | 'cluster-snapshot' | 'snapshot' | 'cluster-pg' | 'auto-backup'

export function rdsArn(region: string, kind: ResourceKind, name: string): string {
  return `arn:aws:rds:${region}:${labAccountId}:${kind}:${name}`
}

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

/** `cluster-..`/`db-..` and 26 capitals and digits, always the same for the same name. */
export function resourceId(kind: 'cluster' | 'db', name: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  const digest = createHash('sha256').update(`${kind}:${name}`).digest()
  return `${kind}-${[...digest.subarray(0, 26)].map((byte) => alphabet[byte % 32]).join('')}`
}
