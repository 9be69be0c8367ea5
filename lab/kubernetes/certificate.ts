import { createPrivateKey, generateKeyPairSync, randomBytes, sign, X509Certificate } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { labEndpoints } from '../ports'

export interface Certificate {
  key: string
  cert: string
}

/**
 * The certificate of the lab's Kubernetes API, made once per data directory: kubectl sends a token over TLS only. Self
 * signed, for localhost and the addresses of the lab's APIs, ECDSA P-256, ten years. The file holds the key and is readable
 * by its owner alone.
 */
export function certificateIn(path: string, now: number): Certificate {
  if (existsSync(path)) {
    const [key, cert] = readFileSync(path, 'utf8').split(/(?=-----BEGIN CERTIFICATE)/)
    if (key && cert && addresses.every((one) => new X509Certificate(cert).checkIP(one))) return { key, cert }
  }
  const made = makeCertificate(now)
  writeFileSync(path, made.key + made.cert, { mode: 0o600 })
  return made
}

const addresses = [labEndpoints.control, labEndpoints.elsewhere]

function makeCertificate(now: number): Certificate {
  const pair = generateKeyPairSync('ec', {
    namedCurve: 'prime256v1',
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  const algorithm = sequence(oid('2a8648ce3d040302'))
  const name = sequence(der(0x31, sequence(oid('550403'), der(0x0c, Buffer.from('castmatch-lab-kubernetes')))))
  const names = sequence(
    der(0x82, Buffer.from('localhost')),
    ...addresses.map((address) => der(0x87, Buffer.from(address.split('.').map(Number)))),
  )
  const authority = sequence(der(0x01, Buffer.from([0xff])))
  const extensions = sequence(
    sequence(oid('551d13'), der(0x01, Buffer.from([0xff])), der(0x04, authority)),
    sequence(oid('551d11'), der(0x04, names)),
  )
  const day = 86_400_000
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    algorithm,
    name,
    sequence(time(now - day), time(now + 3650 * day)),
    name,
    pair.publicKey,
    der(0xa3, extensions),
  )
  const signature = sign('sha256', body, createPrivateKey(pair.privateKey))
  const whole = sequence(body, algorithm, der(0x03, Buffer.concat([Buffer.from([0]), signature])))
  const lines = whole.toString('base64').match(/.{1,64}/g) ?? []
  return { key: pair.privateKey, cert: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n` }
}

/** One value of ASN.1 DER: tag, length, content (X.690). */
function der(tag: number, content: Buffer): Buffer {
  const { length } = content
  const head =
    length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from(head), content])
}

const sequence = (...parts: Buffer[]) => der(0x30, Buffer.concat(parts))
const oid = (hex: string) => der(0x06, Buffer.from(hex, 'hex'))

/** UTCTime, good until 2049 (RFC 5280, 4.1.2.5). */
function time(at: number): Buffer {
  const digits = new Date(at).toISOString().replaceAll(/[-:T]/g, '').slice(2, 14)
  return der(0x17, Buffer.from(`${digits}Z`))
}
