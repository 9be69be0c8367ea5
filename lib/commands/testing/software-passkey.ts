import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { isoCBOR } from '@simplewebauthn/server/helpers'
import type { PasskeyAssertion } from '../../domain/people/passkey'
import type { PasskeySite } from '../people/verify-assertion'

const sha256 = (data: string | Buffer) => createHash('sha256').update(data).digest()

/** An authenticator in software, as far as a passkey needs one: one ES256 key, bound to a site. */
export function softwarePasskey(site: PasskeySite) {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const credentialId = randomBytes(32)
  const id = credentialId.toString('base64url')
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
  const cose = Buffer.from(
    isoCBOR.encode(
      new Map<number, number | Uint8Array>([
        [1, 2],
        [3, -7],
        [-1, 1],
        [-2, Uint8Array.from(Buffer.from(x, 'base64url'))],
        [-3, Uint8Array.from(Buffer.from(y, 'base64url'))],
      ]),
    ),
  )
  const clientData = (type: string, challenge: string, origin: string) =>
    Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false }))
  /** Flags: 1 = somebody was present, 4 = it is known who, 64 = a new key follows. */
  const authenticatorData = (flags: number, rpId: string) =>
    Buffer.concat([sha256(rpId), Buffer.from([flags]), Buffer.alloc(4)])

  return {
    id,
    /** COSE, base64url. */
    publicKey: cose.toString('base64url'),
    /** The answer to a request for a new passkey. */
    register(challenge: string, over: Partial<PasskeySite> & { flags?: number } = {}) {
      const length = Buffer.alloc(2)
      length.writeUInt16BE(credentialId.length)
      const authData = Buffer.concat([
        authenticatorData(over.flags ?? 0x45, over.rpId ?? site.rpId),
        Buffer.alloc(16),
        length,
        credentialId,
        cose,
      ])
      const attestation = isoCBOR.encode(
        new Map<string, string | Uint8Array | Map<string, string>>([
          ['fmt', 'none'],
          ['attStmt', new Map()],
          ['authData', Uint8Array.from(authData)],
        ]),
      )
      return {
        id,
        rawId: id,
        type: 'public-key' as const,
        response: {
          clientDataJSON: clientData('webauthn.create', challenge, over.origin ?? site.origin).toString('base64url'),
          attestationObject: Buffer.from(attestation).toString('base64url'),
          transports: ['internal'],
        },
        clientExtensionResults: {},
      }
    },
    /** Signs this challenge (base64url) as its holder would who was asked for a fingerprint. */
    sign(challenge: string, over: Partial<PasskeySite> & { flags?: number } = {}): PasskeyAssertion {
      const client = clientData('webauthn.get', challenge, over.origin ?? site.origin)
      const data = authenticatorData(over.flags ?? 0x05, over.rpId ?? site.rpId)
      const signature = sign('sha256', Buffer.concat([data, sha256(client)]), privateKey)
      return {
        id,
        rawId: id,
        type: 'public-key',
        response: {
          clientDataJSON: client.toString('base64url'),
          authenticatorData: data.toString('base64url'),
          signature: signature.toString('base64url'),
        },
        clientExtensionResults: {},
      }
    },
  }
}
export type SoftwarePasskey = ReturnType<typeof softwarePasskey>
