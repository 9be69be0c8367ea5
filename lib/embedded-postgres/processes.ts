import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync, realpathSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { ServerError } from './errors'

/** A signal to a process that may be gone already. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Direct children of a process; a postmaster's backends each lead a session, so a process group would miss them. */
export function childrenOf(pid: number): number[] {
  return parents()
    .filter((entry) => entry.parent === pid)
    .map((entry) => entry.pid)
}

function parents(): { pid: number; parent: number }[] {
  if (process.platform !== 'linux') {
    const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n')
    return lines.map((line) => {
      const [pid, parent] = line.trim().split(/\s+/)
      return { pid: Number(pid), parent: Number(parent) }
    })
  }
  const list: { pid: number; parent: number }[] = []
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'latin1')
      // The command's name stands in parentheses and may hold anything, so fields count from the last parenthesis.
      const parent = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]
      list.push({ pid: Number(entry), parent: Number(parent) })
    } catch {
      // Gone while we looked.
    }
  }
  return list
}

/** Does this process belong to a server over this data directory: its postmaster, or a process that one made? */
function serves(pid: number, dataDir: string): boolean {
  try {
    if (process.platform === 'linux') {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
      return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(dataDir) && (command[0] ?? '').includes('postgres')
    }
    const command = execFileSync('ps', ['-p', String(pid), '-o', 'command='], { encoding: 'utf8' })
    return command.includes('postgres') && command.includes(dataDir)
  } catch {
    return false
  }
}

/**
 * Ends a server as a crashed host would: the postmaster is stopped first, so that it cannot answer the death of a
 * child, then all die at once and their sockets close.
 */
export function killTree(pid: number): void {
  signal(pid, 'SIGSTOP')
  for (const child of childrenOf(pid)) signal(child, 'SIGKILL')
  signal(pid, 'SIGKILL')
}

/** Stops the whole server in its tracks; its sockets stay open and silent. */
export function stopTree(pid: number): void {
  // The postmaster first: it makes no more children while they are listed.
  signal(pid, 'SIGSTOP')
  for (const child of childrenOf(pid)) signal(child, 'SIGSTOP')
}

export function continueTree(pid: number): void {
  for (const child of childrenOf(pid)) signal(child, 'SIGCONT')
  signal(pid, 'SIGCONT')
}

/** The postmaster that the data directory names, whether or not it lives. */
function namedPostmaster(dataDir: string): number | null {
  try {
    const pid = Number(readFileSync(join(dataDir, 'postmaster.pid'), 'utf8').split('\n', 1)[0])
    return Number.isInteger(pid) && pid > 0 ? pid : null
  } catch {
    return null
  }
}

/**
 * Ends whatever an earlier server left over this data directory: one of a process of ours that died, or the processes of a
 * postmaster that was killed. They work on until they notice, and a new server beside them would destroy the data. Throws
 * ServerError when they do not end.
 */
export async function endServer(dataDir: string): Promise<void> {
  const postmaster = namedPostmaster(dataDir)
  if (postmaster !== null && serves(postmaster, dataDir)) {
    continueTree(postmaster)
    signal(postmaster, 'SIGQUIT')
    const deadline = Date.now() + 5_000
    while (isAlive(postmaster) && Date.now() < deadline) await pause(20)
    if (isAlive(postmaster)) killTree(postmaster)
  }
  if (process.platform === 'linux') {
    const deadline = Date.now() + 10_000
    for (;;) {
      const left = parents().filter(({ pid }) => serves(pid, dataDir))
      if (left.length === 0) break
      if (Date.now() > deadline)
        throw new ServerError(
          'not-started',
          `Processes of an earlier server over ${dataDir} do not end: ${left.map(({ pid }) => pid).join(', ')}.`,
        )
      for (const { pid } of left) signal(pid, 'SIGKILL')
      await pause(10)
    }
  }
  // The number may belong to another program by now, which PostgreSQL would take for a rival.
  rmSync(join(dataDir, 'postmaster.pid'), { force: true })
}
