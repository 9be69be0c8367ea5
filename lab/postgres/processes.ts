import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

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

/** Is this process a postmaster whose working directory is this data directory? */
export function isPostmasterOf(pid: number, dataDir: string): boolean {
  try {
    if (process.platform === 'linux') {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
      return readlinkSync(`/proc/${pid}/cwd`) === dataDir && (command[0] ?? '').includes('postgres')
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
