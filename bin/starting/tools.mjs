// Programs that are not npm packages: the browser of the tests, and the independent clients that the lab is held against.
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const onPath = (name) =>
  [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/bin']
    .map((dir) => join(dir, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK)
        return true
      } catch {
        return false
      }
    }) ?? null

/** CHROMIUM_PATH, the distribution's, else null. */
export const findChromium = () =>
  (process.env.CHROMIUM_PATH && existsSync(process.env.CHROMIUM_PATH) ? process.env.CHROMIUM_PATH : null) ??
  onPath('chromium') ??
  onPath('chromium-browser') ??
  onPath('google-chrome')

const wanted = [
  { program: 'chromium', package: 'chromium', found: findChromium },
  { program: 'pgbouncer', package: 'pgbouncer', found: () => onPath('pgbouncer') },
  { program: 'aws', package: 'awscli', found: () => onPath('aws') },
  { program: 'kubectl', package: 'kubernetes-client', found: () => onPath('kubectl') },
  { program: 'psql', package: 'postgresql-client', found: () => onPath('psql') },
  { program: 'gpg', package: 'gnupg', found: () => onPath('gpg') },
]

/** Installs by apt, as root, what the tests need; else says in one line what to do. Throws when something is missing. */
export async function systemTools(work) {
  const missing = wanted.filter((tool) => !tool.found())
  if (!missing.length) return
  const packages = missing.map((tool) => tool.package)
  const command = `apt-get update && apt-get install -y ${packages.join(' ')}`
  if (process.getuid?.() !== 0 || !onPath('apt-get'))
    throw new Error(`The tests need ${missing.map((t) => t.program).join(', ')}. As root: ${command}`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  await work('Reading the package lists', 'apt-get', ['update', '-qq'], env)
  await work(
    `Installing ${packages.join(', ')}`,
    'apt-get',
    ['install', '-y', '-qq', '--no-install-recommends', ...packages],
    env,
  )
  // A package may start its service by itself; the lab runs its own.
  if (packages.includes('pgbouncer')) spawnSync('service', ['pgbouncer', 'stop'], { stdio: 'ignore' })
  const still = wanted.filter((tool) => !tool.found())
  if (still.length) throw new Error(`Still missing after the installation: ${still.map((t) => t.program).join(', ')}.`)
}
