// What must be true before any of our TypeScript can run: packages installed, client generated, pages built.
// Plain JavaScript on Node alone, because nothing is installed yet on a fresh clone.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export const root = join(import.meta.dirname, '../..')

/** Runs a program with its output kept back, shown whole when it fails; a line of progress meanwhile. */
export async function work(title, command, args, env = process.env) {
  const started = Date.now()
  const seconds = () => `${Math.round((Date.now() - started) / 1000)} s`
  const live = process.stdout.isTTY
  if (live) process.stdout.write(`  ${title} `)
  else console.log(`  ${title} ...`)
  const ticker = live ? setInterval(() => process.stdout.write(`\r  ${title}  ${seconds()} `), 1000) : null
  const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  child.stdout.on('data', (d) => {
    output += d
  })
  child.stderr.on('data', (d) => {
    output += d
  })
  const code = await new Promise((resolve) => {
    child.on('error', (error) => {
      output += error.message
      resolve(1)
    })
    child.on('close', resolve)
  })
  if (ticker) clearInterval(ticker)
  if (live) process.stdout.write(`\r  ${title}  ${seconds()}\n`)
  else console.log(`  ${title}: ${seconds()}`)
  if (code !== 0) {
    process.stderr.write(`\n${output.trim()}\n\n`)
    throw new Error(`${title} did not succeed (exit ${code}). See the output above.`)
  }
}

const digest = (paths) => {
  const hash = createHash('sha256')
  const visit = (path) => {
    if (!existsSync(path)) return
    const entries = readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))
    for (const entry of entries) {
      const full = join(path, entry.name)
      if (entry.isDirectory()) {
        if (entry.name !== 'generated' && entry.name !== 'node_modules') visit(full)
      } else if (!/\.test\.tsx?$/.test(entry.name)) hash.update(full.slice(root.length)).update(readFileSync(full))
    }
  }
  for (const path of paths) {
    const full = join(root, path)
    if (!existsSync(full)) continue
    if (/\.[a-z]+$/.test(path)) hash.update(path).update(readFileSync(full))
    else visit(full)
  }
  return hash.digest('hex')
}
const matches = (stamp, value) => existsSync(stamp) && readFileSync(stamp, 'utf8') === value

/** Installs exactly the lockfile when it changed since the last installation (docs/decisions/0027). */
export async function install() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major < 20 || (major === 20 && minor < 19))
    throw new Error(`Node ${process.versions.node} is too old: the War Room needs 20.19 or newer.`)
  const stamp = join(root, 'node_modules/.installed-lockfile')
  const lock = digest(['package-lock.json'])
  if (!matches(stamp, lock)) {
    await work('Installing packages from the lockfile (once)', 'npm', ['ci'])
    writeFileSync(stamp, lock)
  }
  await import('../generate.mjs')
}

/** Builds the pages when their sources changed since the last build. */
export async function build() {
  const dist = process.env.NEXT_DIST_DIR ?? '.next'
  const stamp = join(root, dist, 'built-from')
  const sources = digest([
    'app',
    'components',
    'lib',
    'prisma',
    'public',
    'package-lock.json',
    'next.config.js',
    'postcss.config.mjs',
    'tsconfig.json',
  ])
  if (matches(stamp, sources)) return
  await work(
    'Building the pages (when sources changed)',
    process.execPath,
    [join(root, 'node_modules/next/dist/bin/next'), 'build'],
    {
      ...process.env,
      NODE_ENV: 'production',
      NEXT_TELEMETRY_DISABLED: '1',
    },
  )
  writeFileSync(stamp, sources)
}
