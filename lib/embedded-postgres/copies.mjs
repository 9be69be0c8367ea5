// Copies of PostgreSQL's programs for a server account that may not enter the checkout (docs/decisions/0021). Plain
// JavaScript on Node alone: `npm run reset` removes them with nothing installed.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'

/** Where a copy may lie, best first: a cache may be deleted at any time and is made again. */
export const copyPlaces = ['/var/cache', '/var/lib', '/usr/local/lib', '/var/tmp', tmpdir(), '/dev/shm'].map((place) =>
  join(place, 'castmatch-war-room'),
)
/** What a server needs neither to run nor to be initialised. */
const unneeded = /\.a$|(^|\/)pkgconfig$/
const unfinished = /^\.copy-/
const dayMs = 24 * 3_600_000

const permits = (stat, account, bits) =>
  ((stat.uid === account.uid ? stat.mode >> 6 : stat.gid === account.gid ? stat.mode >> 3 : stat.mode) & bits) === bits

/** Directories and files below `tree`, by their relative names, in order. Links are named and not followed. */
function entriesOf(tree, at = '') {
  return readdirSync(join(tree, at), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = at ? `${at}/${entry.name}` : entry.name
      if (unneeded.test(path)) return []
      return entry.isDirectory() ? [path, ...entriesOf(tree, path)] : [path]
    })
}

/** May this account enter every directory on the way, read every file below `tree` and run its programs? */
export function isOpenTo(tree, account) {
  for (let at = resolve(tree); ; at = dirname(at)) {
    if (!permits(statSync(at), account, 0o1)) return false
    if (at === dirname(at)) break
  }
  return entriesOf(tree).every((path) => {
    const stat = statSync(join(tree, path))
    return permits(stat, account, stat.isDirectory() || path.startsWith('bin/') ? 0o5 : 0o4)
  })
}

/** The same names with the same sizes: a copy that lost a piece is not used. */
function isWhole(tree, copy) {
  return entriesOf(tree).every((path) => {
    const from = lstatSync(join(tree, path))
    const to = lstatSync(join(copy, path), { throwIfNoEntry: false })
    if (from.isDirectory()) return to?.isDirectory() ?? false
    return from.isSymbolicLink() ? (to?.isSymbolicLink() ?? false) : to !== undefined && to.size === from.size
  })
}

/** The name says what is in it, so that two versions lie side by side. */
function nameOf(tree, version) {
  const hash = createHash('sha256')
  for (const path of entriesOf(tree)) {
    const full = join(tree, path)
    const stat = lstatSync(full)
    hash.update(`${path}\n`)
    if (stat.isSymbolicLink()) hash.update(readlinkSync(full))
    else if (stat.isFile()) hash.update(readFileSync(full))
  }
  return `postgresql-${version}-${hash.digest('hex').slice(0, 16)}`
}

/** Only root writes there: programs that anybody could exchange are not run. */
function preparePlace(place) {
  mkdirSync(place, { recursive: true, mode: 0o755 })
  const stat = lstatSync(place)
  if (!stat.isDirectory() || stat.uid !== (process.getuid?.() ?? 0) || (stat.mode & 0o022) !== 0)
    throw new Error('it belongs to somebody else')
  chmodSync(place, 0o755)
}

/** Whatever the umask: everybody may read, nobody but its owner may write. */
function openTree(tree) {
  chmodSync(tree, 0o755)
  for (const path of entriesOf(tree)) {
    const full = join(tree, path)
    const stat = lstatSync(full)
    if (stat.isSymbolicLink()) continue
    chmodSync(full, stat.isDirectory() || (stat.mode & 0o111) !== 0 ? 0o755 : 0o644)
  }
}

function runs(copy, account) {
  const { status, error, stderr } = spawnSync(join(copy, 'bin', 'postgres'), ['--version'], {
    ...account,
    cwd: '/',
    env: { LC_ALL: 'C' },
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`programs do not run there (${error?.message ?? stderr.trim()})`)
}

/**
 * The path of a whole copy of `tree` that `account` can run, made where there is none yet: beside its place, checked, then
 * moved there, so that no half-made copy is ever used. Throws an Error that says of each place why it does not serve.
 */
export function copyFor(tree, version, account, places = copyPlaces) {
  const name = nameOf(tree, version)
  const problems = []
  for (const place of places) {
    let fresh = null
    try {
      preparePlace(place)
      const copy = join(place, name)
      const there = lstatSync(copy, { throwIfNoEntry: false })?.isDirectory() ?? false
      if (!there || !isWhole(tree, copy)) {
        removeUnused(place, 30 * dayMs)
        fresh = mkdtempSync(join(place, '.copy-'))
        cpSync(tree, fresh, {
          recursive: true,
          verbatimSymlinks: true,
          filter: (source) => !unneeded.test(relative(tree, source)),
        })
        openTree(fresh)
        if (!isWhole(tree, fresh)) throw new Error('the copy is not whole')
        runs(fresh, account)
        if (there) rmSync(copy, { recursive: true, force: true })
        try {
          renameSync(fresh, copy)
          fresh = null
        } catch (error) {
          // Another start was faster with the same copy.
          if (!isWhole(tree, copy)) throw error
        }
      }
      runs(copy, account)
      return copy
    } catch (error) {
      problems.push(`${place}: ${error.message}`)
    } finally {
      if (fresh) rmSync(fresh, { recursive: true, force: true })
    }
  }
  throw new Error(problems.join('; '))
}

/** Copies from which a program runs right now, on any data directory of this machine. */
function inUse(copy) {
  return readdirSync('/proc').some((pid) => {
    try {
      return /^\d+$/.test(pid) && readlinkSync(`/proc/${pid}/exe`).startsWith(`${copy}/`)
    } catch {
      return false // gone while we looked, or a thread of the kernel
    }
  })
}

/** Removes copies that no program runs from and that were made longer ago than this. Returns the paths removed. */
function removeUnused(place, olderThanMs) {
  const removed = []
  for (const name of readdirSync(place)) {
    const path = join(place, name)
    // Another start may be making it this very minute.
    const least = unfinished.test(name) ? Math.max(olderThanMs, 600_000) : olderThanMs
    if (Date.now() - lstatSync(path).ctimeMs < least || inUse(path)) continue
    rmSync(path, { recursive: true, force: true })
    removed.push(path)
  }
  return removed
}

/** Removes every copy that no program runs from. Returns the paths removed. */
export function removeCopies(places = copyPlaces) {
  return places.flatMap((place) => {
    const stat = lstatSync(place, { throwIfNoEntry: false })
    if (!stat?.isDirectory() || stat.uid !== process.getuid?.()) return []
    const removed = removeUnused(place, 0)
    if (readdirSync(place).length === 0) rmSync(place, { recursive: true })
    return removed
  })
}
