// `npm run lockfile`: completes package-lock.json, after a package was added or raised. npm leaves out the optional packages
// of other platforms when it finds its own installed, and the address of every package when the user's settings say so; `npm
// ci` then refuses the lockfile, or fetches what nobody wrote down. Works on a copy without node_modules; versions stay.
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const registry = 'https://registry.npmjs.org'
const copy = mkdtempSync(join(tmpdir(), 'warroom-lockfile-'))
try {
  for (const file of ['package.json', 'package-lock.json', '.npmrc']) copyFileSync(join(root, file), join(copy, file))
  const { status } = spawnSync(
    'npm',
    ['install', '--package-lock-only', '--ignore-scripts', '--no-audit', '--no-fund'],
    {
      cwd: copy,
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  )
  if (status !== 0) process.exit(1)
  const lock = JSON.parse(readFileSync(join(copy, 'package-lock.json'), 'utf8'))
  for (const [path, entry] of Object.entries(lock.packages)) {
    if (path === '' || entry.inBundle || entry.resolved) continue
    const name = entry.name ?? path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
    entry.resolved = `${registry}/${name}/-/${name.split('/').at(-1)}-${entry.version}.tgz`
    // The order in which npm writes them.
    const { version, resolved, integrity, ...rest } = entry
    lock.packages[path] = { version, resolved, integrity, ...rest }
  }
  writeFileSync(join(root, 'package-lock.json'), `${JSON.stringify(lock, null, 2)}\n`)
} finally {
  rmSync(copy, { recursive: true, force: true })
}
