import type { JsonValue } from './canonical'

/**
 * An effect on the outside world as a value. The very same value is sent by an adapter, shown as a command and covered by
 * an approval's digest, so that what was shown is what is done.
 */
export type Call = AwsCall | KubernetesCall | PoolerCall | SqlCall

export interface AwsCall {
  kind: 'aws'
  service: 'rds' | 'sts'
  /** As the SDK names it: "FailoverDBCluster". */
  operation: string
  region: string
  input: { [member: string]: JsonValue }
}

export interface KubernetesCall {
  kind: 'kubernetes'
  context: string
  namespace: string
  deployment: string
  /** One strategic-merge patch of the containers' environments, by name, and of the deployment's annotations. */
  patch: { containers: ContainerChange[]; annotations: Record<string, string> }
}

export interface ContainerChange {
  name: string
  /** It is one of the init containers. */
  init: boolean
  env: Record<string, string>
}

export interface PoolerCall {
  kind: 'pooler'
  host: string
  port: number
  user: string
  database: string
  /** In this order, each waited for; all of them may be repeated. PAUSE that takes longer than its limit becomes KILL. */
  commands: ('PAUSE' | 'KILL' | 'RECONNECT' | 'RESUME')[]
  pauseLimitMs: number
}

export interface SqlCall {
  kind: 'sql'
  host: string
  port: number
  user: string
  database: string
  statements: string[]
}

/** Members that could carry a secret; a call that has one cannot be made, so none can be shown or recorded. */
const secretMember = /pass(word|wd)|secret|credential|private.?key|access.?key|session.?token|auth.?token/i
/** Switches that only sound like secrets. */
const harmless = new Set(['ManageMasterUserPassword', 'RotateMasterUserPassword'])
const secretText = new RegExp(
  [
    String.raw`(password|passwd|pwd)\s*(=\s*\S|\s['"$])`,
    String.raw`:\/\/[^/\s:@]+:[^/\s@]+@`,
    String.raw`\b(AKIA|ASIA)[0-9A-Z]{16}`,
    // What stands in for a password: hashes that a server takes as one, tokens, keys.
    String.raw`SCRAM-SHA-256\$`,
    String.raw`\bmd5[0-9a-f]{32}\b`,
    String.raw`\bBearer\s+[\w.~+/-]{8,}`,
    'X-Amz-(Signature|Security-Token)=',
    '-----BEGIN [A-Z ]*PRIVATE KEY',
  ].join('|'),
  'i',
)

export class SecretInCallError extends Error {
  constructor(path: string) {
    super(`A call must not carry a secret, and ${path} could be one.`)
    this.name = 'SecretInCallError'
  }
}

/** Refuses a call in which any member's name or text could be a secret. Throws SecretInCallError, naming the place only. */
export function assertNoSecret(value: unknown, path = 'call'): void {
  if (typeof value === 'string') {
    if (secretText.test(value)) throw new SecretInCallError(path)
    return
  }
  if (typeof value !== 'object' || value === null) return
  for (const [key, member] of Object.entries(value)) {
    if (secretMember.test(key) && !harmless.has(key)) throw new SecretInCallError(`${path}.${key}`)
    assertNoSecret(member, `${path}.${key}`)
  }
}
