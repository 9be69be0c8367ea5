import { type ChildProcess, spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import { join } from 'node:path'

let guard: ChildProcess | null = null
const watched = new Set<number>()

function process_(): ChildProcess {
  if (guard) return guard
  const child = spawn(process.execPath, [join(import.meta.dirname, 'guard.mjs')], {
    // Its own session: Ctrl-C in the terminal must not end it before the servers.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { NODE_ENV: 'production' },
  })
  child.unref()
  child.stdin?.on('error', () => undefined)
  // A child's pipe is a socket; unreferenced, it does not keep a finished program alive.
  ;(child.stdin as Socket | null)?.unref?.()
  child.once('exit', () => {
    if (guard !== child) return
    guard = null
    for (const pid of watched) tell('add', pid)
  })
  guard = child
  return child
}

function tell(verb: 'add' | 'remove', pid: number): void {
  process_().stdin?.write(`${verb} ${pid}\n`)
}

/** Makes sure that this server ends when our process does, even by kill -9. */
export function watch(pid: number): void {
  watched.add(pid)
  tell('add', pid)
}

/** The server has ended by itself: its number may be given to another process from now on. */
export function unwatch(pid: number): void {
  if (watched.delete(pid)) tell('remove', pid)
}
