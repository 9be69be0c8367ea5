/** Temporary credentials, as STS AssumeRole hands them out: a key pair that is good with its session token, until it expires. */
import { randomBytes } from 'node:crypto'
import type { LabSecrets } from '../contract'
import { AwsError, invalidValue } from './errors'
import { labAccountId } from './names'
import type { Parameters } from './parameters'
import type { XmlStructure } from './xml'

/** The one role that may be assumed; it has the policies of the lab's user. */
export const labRole = { name: 'castmatch-war-room', arn: `arn:aws:iam::${labAccountId}:role/castmatch-war-room` }
const labRoleId = 'AROACASTMATCHWARROOM'

export interface LabSession {
  arn: string
  userId: string
  secretAccessKey: string
  token: string
  /** ms. */
  expiresAt: number
}

const handedOut = new WeakMap<object, Map<string, LabSession>>()

/** The sessions of a lab, by access key. */
export function sessionsOf(secrets: Pick<LabSecrets, 'awsAccessKeyId'>): Map<string, LabSession> {
  const sessions = handedOut.get(secrets) ?? new Map<string, LabSession>()
  handedOut.set(secrets, sessions)
  return sessions
}

/** Throws AwsError: AccessDenied, ValidationError. */
export function assumeRole(sessions: Map<string, LabSession>, parameters: Parameters, now: number): XmlStructure {
  const role = parameters.required('RoleArn')
  const name = parameters.required('RoleSessionName')
  const seconds = parameters.integer('DurationSeconds') ?? 3600
  if (!/^[\w+=,.@-]{2,64}$/.test(name)) throw invalidValue(`Invalid RoleSessionName ${name}.`)
  if (seconds < 900 || seconds > 43_200)
    throw new AwsError('ValidationError', 'DurationSeconds must be between 900 and 43200.')
  if (role !== labRole.arn) throw new AwsError('AccessDenied', `Not authorized to perform: sts:AssumeRole on ${role}`)
  const accessKeyId = `ASIA${randomBytes(10).toString('hex').slice(0, 16).toUpperCase()}`
  const session: LabSession = {
    arn: `arn:aws:sts::${labAccountId}:assumed-role/${labRole.name}/${name}`,
    userId: `${labRoleId}:${name}`,
    secretAccessKey: randomBytes(30).toString('base64'),
    token: randomBytes(96).toString('base64'),
    expiresAt: now + seconds * 1000,
  }
  sessions.set(accessKeyId, session)
  return {
    Credentials: {
      AccessKeyId: accessKeyId,
      SecretAccessKey: session.secretAccessKey,
      SessionToken: session.token,
      Expiration: new Date(session.expiresAt),
    },
    AssumedRoleUser: { AssumedRoleId: session.userId, Arn: session.arn },
  }
}
