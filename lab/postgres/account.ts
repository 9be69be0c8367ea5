import { execFileSync } from 'node:child_process'
import { chownSync, existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { ServerError } from './errors'

export interface Account {
  uid: number
  gid: number
}

const candidates = ['postgres', 'castmatch-postgres', 'nobody']
const own = 'castmatch-postgres'
let chosen: Account | null | undefined

/**
 * The account under which PostgreSQL runs: ours, or, because PostgreSQL refuses root, an unprivileged one (made when
 * there is none). null means "as we are". Throws ServerError.
 */
export function serverAccount(): Account | null {
  if (chosen !== undefined) return chosen
  chosen = process.getuid?.() === 0 ? unprivileged() : null
  return chosen
}

function unprivileged(): Account {
  const existing = lookUp()
  if (existing) return existing
  try {
    execFileSync('useradd', ['--system', '--no-create-home', '--shell', '/usr/sbin/nologin', own], { stdio: 'ignore' })
  } catch {
    throw new ServerError(
      'no-account',
      `PostgreSQL does not run as root, and no account for it could be made; add one with "useradd ${own}" or start as an ordinary user.`,
    )
  }
  const made = lookUp()
  if (!made) throw new ServerError('no-account', `The account ${own} was made but is not in /etc/passwd.`)
  return made
}

function lookUp(): Account | null {
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n')
  for (const name of candidates) {
    const fields = lines.find((line) => line.startsWith(`${name}:`))?.split(':')
    const uid = Number(fields?.[2])
    const gid = Number(fields?.[3])
    if (Number.isInteger(uid) && Number.isInteger(gid) && uid > 0) return { uid, gid }
  }
  return null
}

/** Gives a path to the server's account; nothing happens when it runs as ourselves. */
export function giveToServer(path: string): void {
  const account = serverAccount()
  if (account) chownSync(path, account.uid, account.gid)
}

/** The first directory on the way to `path` that the server's account may not enter, or null. */
function closedDirectory(path: string): string | null {
  const account = serverAccount()
  if (!account) return null
  const way: string[] = []
  for (let at = resolve(path); at !== dirname(at); at = dirname(at)) way.unshift(at)
  for (const directory of way) {
    const stat = statSync(directory, { throwIfNoEntry: false })
    if (!stat?.isDirectory()) continue
    const bit = stat.uid === account.uid ? 0o100 : stat.gid === account.gid ? 0o010 : 0o001
    if ((stat.mode & bit) === 0) return directory
  }
  return null
}

export interface Launch {
  file: string
  args: string[]
  options: { cwd: string; env: NodeJS.ProcessEnv; uid?: number; gid?: number }
}

/**
 * How to run one of PostgreSQL's programs over `dataDir` under the server's account. A checkout below a closed
 * directory, such as root's home, is entered by lending the account the right to pass, where the system has the means
 * (setpriv); else throws ServerError with what to do.
 */
export function launchAsServer(program: string, args: string[], dataDir: string): Launch {
  const options = {
    cwd: '/',
    env: { NODE_ENV: process.env.NODE_ENV, PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
  }
  const account = serverAccount()
  if (!account) return { file: program, args, options }
  const closed = closedDirectory(dataDir) ?? closedDirectory(dirname(program))
  if (!closed) return { file: program, args, options: { ...options, ...account } }
  if (!setpriv)
    throw new ServerError(
      'no-account',
      `PostgreSQL does not run as root, and the account it runs under may not enter ${closed}; move the folder, run "chmod o+x ${closed}", or start as an ordinary user.`,
    )
  const as = [`--reuid=${account.uid}`, `--regid=${account.gid}`, '--clear-groups']
  const lent = ['--inh-caps=+dac_override', '--ambient-caps=+dac_override']
  return { file: setpriv, args: [...as, ...lent, '--', program, ...args], options }
}

const setpriv = ['/usr/bin/setpriv', '/bin/setpriv'].find((path) => existsSync(path)) ?? null
