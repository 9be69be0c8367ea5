// Compresses what it reads, signs and encrypts it by OpenPGP, and writes it out: a process of its own, so that the lab keeps
// none of the library's memory between two backups. `seal.mjs keys DIRECTORY` makes the two key pairs first.
import { chmodSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { createMessage, encrypt, generateKey, readKey, readPrivateKey } from 'openpgp'

const [verb, directory] = process.argv.slice(2)

function write(name, text) {
  const file = join(directory, name)
  writeFileSync(`${file}.part`, text, { mode: 0o600 })
  chmodSync(`${file}.part`, 0o600)
  renameSync(`${file}.part`, file)
}

if (verb === 'keys') {
  // The private key of the signer is written last: it says that all are there.
  for (const [name, title] of [
    ['decryption', 'CastMatch backups'],
    ['signing', 'CastMatch backup job'],
  ]) {
    const userIDs = [{ name: title, email: `${name}@castmatch.example` }]
    const { privateKey, publicKey } = await generateKey({ type: 'ecc', curve: 'curve25519Legacy', userIDs })
    write(`${name}-public.asc`, publicKey)
    write(`${name}-private.asc`, privateKey)
  }
} else {
  const read = (name) => readFileSync(join(directory, name), 'utf8')
  const compressed = Readable.toWeb(process.stdin.pipe(createGzip({ level: 6 })))
  const sealed = await encrypt({
    message: await createMessage({ binary: compressed }),
    encryptionKeys: await readKey({ armoredKey: read('decryption-public.asc') }),
    signingKeys: await readPrivateKey({ armoredKey: read('signing-private.asc') }),
    format: 'binary',
  })
  await pipeline(Readable.fromWeb(sealed), process.stdout)
}
