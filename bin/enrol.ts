import { existsSync } from 'node:fs'
import { readEnrolmentFile, readEnrolmentLine, writeEnrolmentFile } from '../lib/config/enrolment'
import { ConfigError, readEnvironmentFile } from '../lib/config/environment'
import { keyFingerprint } from '../lib/domain/people/passkey'

/*
 * enrol LINE      adds a passkey to the runner's list, from the line that its owner sees in Settings
 * enrol list      shows whose passkeys are on the list
 * enrol remove ID takes one off it; the runner goes by that from the next approval on
 *
 * The list is the file that the environment file (WARROOM_CONFIG) names under `passkeys.enrolmentFile`. Run this where the runner's
 * configuration lies. Compare the fingerprint with the owner by voice: whoever can change the store can change the line.
 */
const [verb, id] = process.argv.slice(2)

function fileOf(): string {
  const config = process.env.WARROOM_CONFIG
  if (!config) throw new ConfigError(['WARROOM_CONFIG is missing: path of the environment file'])
  const { passkeys } = readEnvironmentFile(config)
  if (!passkeys) throw new ConfigError([`${config} has no passkeys.enrolmentFile`])
  return passkeys.enrolmentFile
}

function run(): string {
  const file = fileOf()
  const passkeys = existsSync(file) ? readEnrolmentFile(file) : []
  if (verb === 'list')
    return passkeys.length === 0
      ? `${file} has no passkey.`
      : passkeys.map((p) => `${p.login}  ${keyFingerprint(p.publicKey)}  ${p.addedAt}  ${p.credentialId}`).join('\n')
  if (verb === 'remove') {
    const left = passkeys.filter((p) => p.credentialId !== id)
    if (left.length === passkeys.length) throw new Error(`${file} has no passkey with the id ${id ?? ''}.`)
    writeEnrolmentFile(file, left)
    return `Removed. ${left.length} left in ${file}.`
  }
  const entry = verb === undefined ? null : readEnrolmentLine(verb)
  if (!entry) throw new Error('Usage: enrol LINE (from Settings), enrol list, or enrol remove ID.')
  const known = passkeys.find((p) => p.credentialId === entry.credentialId || p.publicKey === entry.publicKey)
  if (known) throw new Error(`This passkey is already enrolled for ${known.login}.`)
  writeEnrolmentFile(file, [...passkeys, { ...entry, addedAt: new Date().toISOString() }])
  return `Enrolled a passkey of ${entry.login} in ${file}.\nFingerprint: ${keyFingerprint(entry.publicKey)}\nCompare it with its owner by voice. If it differs: enrol remove ${entry.credentialId}`
}

try {
  console.log(run())
} catch (error) {
  console.error((error as Error).message)
  process.exitCode = 2
}
