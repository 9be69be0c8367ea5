/** gpg opens what it can, by a home of its own that is gone afterwards; what it does not know, the library opens. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createMessage, encrypt, generateKey, type PrivateKey, type PublicKey, readKey, readPrivateKey } from 'openpgp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { OpenError } from '../../ports/backups'
import { createGpg, gpgVersion } from './gpg'
import { isForGpg } from './packets'

const gpg = await gpgVersion()
const text = 'row after row\n'.repeat(20_000)
let home = ''
let key: PublicKey
let signer: PrivateKey
const file = (name: string) => join(home, name)

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'wr-gpg-test-'))
  const made = (name: string, passphrase?: string) =>
    generateKey({ type: 'ecc', curve: 'curve25519Legacy', userIDs: [{ name }], ...(passphrase ? { passphrase } : {}) })
  const [ours, signing] = [await made('ours', 'open sesame'), await made('signing')]
  writeFileSync(file('ours.asc'), ours.privateKey)
  writeFileSync(file('signing.asc'), signing.publicKey)
  key = await readKey({ armoredKey: ours.publicKey })
  signer = await readPrivateKey({ armoredKey: signing.privateKey })
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

const sealed = async (): Promise<Uint8Array> =>
  encrypt({
    message: await createMessage({ binary: Buffer.from(text) }),
    encryptionKeys: key,
    signingKeys: signer,
    format: 'binary',
  })

async function* inPieces(data: Uint8Array) {
  for (let at = 0; at < data.length; at += 1_000) yield data.subarray(at, at + 1_000)
}
async function opened(data: Uint8Array, passphrase: string | null) {
  const opener = await createGpg({
    decryptionKeyFile: file('ours.asc'),
    signingKeyFile: file('signing.asc'),
    passphrase,
  })
  try {
    const { plain, by, signature } = await opener.open(inPieces(data))
    const parts: Uint8Array[] = []
    for await (const part of plain) parts.push(part)
    return { by, text: Buffer.concat(parts).toString(), signature: await signature() }
  } finally {
    await opener.close()
  }
}

test('what gpg knows is told by the packets', async () => {
  const message = await sealed()
  expect(isForGpg(message)).toBe(true)
  expect(isForGpg(message.subarray(0, 40))).toBeNull()
  expect(isForGpg(Buffer.from('-- PostgreSQL'))).toBe(false)
  expect(isForGpg(new Uint8Array())).toBeNull()
  // Data protected by AEAD, which came with RFC 9580.
  expect(isForGpg(Uint8Array.of(0xd2, 20, 2, 9, 2, 12))).toBe(false)
})

// gpg's agent is slow to start on a busy machine.
describe.runIf(gpg)('with gpg', { timeout: 90_000 }, () => {
  test('a message is opened with a key that has a passphrase, and its signature is checked', async () => {
    expect(await opened(await sealed(), 'open sesame')).toEqual({ by: 'gpg', text, signature: 'valid' })
  })

  test('a message that is cut off, or changed, is told from one that is whole', async () => {
    const data = await sealed()
    await expect(opened(data.subarray(0, data.length - 500), 'open sesame')).rejects.toBeInstanceOf(OpenError)
    const changed = Uint8Array.from(data)
    changed[data.length >> 1] = (changed[data.length >> 1] ?? 0) ^ 1
    await expect(opened(changed, 'open sesame')).rejects.toMatchObject({ kind: 'damaged' })
  })

  test('a failure of the source stays what it is', async () => {
    const data = await sealed()
    const broken = async function* () {
      yield data.subarray(0, 100_000)
      throw new RangeError('the source broke')
    }
    const settings = { decryptionKeyFile: file('ours.asc'), signingKeyFile: null, passphrase: 'open sesame' }
    const opener = await createGpg(settings)
    const { plain } = await opener.open(broken())
    const read = async () => {
      for await (const _ of plain);
    }
    await expect(read()).rejects.toThrow('the source broke')
    await opener.close()
  })

  test('its home is gone afterwards', async () => {
    const homes = () => readdirSync(tmpdir()).filter((name) => name.startsWith('wr-gpg-'))
    const before = homes()
    const opener = await createGpg({
      decryptionKeyFile: file('ours.asc'),
      signingKeyFile: null,
      passphrase: 'open sesame',
    })
    const made = homes().filter((name) => !before.includes(name))
    await opener.close()
    const left = homes()
    expect(made.some((name) => !left.includes(name))).toBe(true)
  })
})
