import { type ChildProcess, execFileSync, type SpawnOptions, spawn } from 'node:child_process'
import { chownSync, closeSync, openSync, readFileSync } from 'node:fs'
import { ServerError } from './errors'

interface Account {
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
      `PostgreSQL does not run as root, and no account could be created for it. Run "useradd ${own}", or start as an ordinary user.`,
    )
  }
  const made = lookUp()
  if (!made) throw new ServerError('no-account', `The account ${own} was created but is not in /etc/passwd.`)
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

interface ServerProcess {
  program: string
  /** Its arguments; a path that the program must reach goes through `at`. */
  args: (at: (path: string) => string) => string[]
  cwd?: string
  detached?: boolean
  stdio: ['ignore', 'ignore' | 'pipe', 'pipe']
}

/**
 * Starts one of PostgreSQL's programs under the server's account. That account may be unable to enter the directories
 * above the data, such as the home of root. So we open each path of an argument ourselves, and the program reaches it by
 * the descriptor that it inherits: no right is lent, and no directory is opened to others. Throws ServerError.
 */
export function spawnAsServer({ program, args, cwd = '/', detached = false, stdio }: ServerProcess): ChildProcess {
  const account = serverAccount()
  const opened: number[] = []
  // /proc/self/fd names the directory itself; the way to it is not walked again.
  const at = (path: string) => (account ? `/proc/self/fd/${stdio.length - 1 + opened.push(openSync(path, 'r'))}` : path)
  try {
    const options: SpawnOptions = {
      cwd,
      detached,
      env: { NODE_ENV: process.env.NODE_ENV, PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
      ...account,
    }
    const list = args(at)
    return spawn(program, list, { ...options, stdio: [...stdio, ...opened] })
  } finally {
    for (const descriptor of opened) closeSync(descriptor)
  }
}
