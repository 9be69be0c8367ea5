const sslRequest = 80_877_103
const gssRequest = 80_877_104
const cancelRequest = 80_877_102

/** What a connection says of itself in PostgreSQL's first message. */
export interface Startup {
  user: string | null
  database: string | null
  applicationName: string | null
  /** Poolers name neither program nor encoding when they connect on behalf of others. */
  viaPooler: boolean
  replication: boolean
}

type Opening =
  | { kind: 'incomplete' }
  /** The client asks for encryption first; the lab has none to offer. */
  | { kind: 'encryption'; length: number }
  | { kind: 'startup'; startup: Startup }
  /** A cancel request, or something that is not PostgreSQL's protocol: passed on as it is. */
  | { kind: 'other' }

/** Reads the first bytes of a connection. */
export function readOpening(bytes: Buffer): Opening {
  if (bytes.length < 8) return { kind: 'incomplete' }
  const length = bytes.readUInt32BE(0)
  const code = bytes.readUInt32BE(4)
  if (code === sslRequest || code === gssRequest) return { kind: 'encryption', length: 8 }
  if (code === cancelRequest || code >>> 16 !== 3 || length > 10_000) return { kind: 'other' }
  if (bytes.length < length) return { kind: 'incomplete' }
  const words = bytes.subarray(8, length).toString('utf8').split('\0')
  const parameters = new Map<string, string>()
  for (let i = 0; i + 1 < words.length; i += 2) {
    const key = words[i]
    if (!key) break
    parameters.set(key, words[i + 1] ?? '')
  }
  return {
    kind: 'startup',
    startup: {
      user: parameters.get('user') ?? null,
      database: parameters.get('database') ?? null,
      applicationName: parameters.get('application_name') ?? null,
      viaPooler: !parameters.has('application_name') && !parameters.has('client_encoding'),
      replication: parameters.has('replication'),
    },
  }
}
