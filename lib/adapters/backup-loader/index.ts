import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { BackupLoader, LoaderTools, LoadOptions, LoadResult } from '../../ports/backup-loader'
import type { FromLoader, ToLoader } from './messages'

interface BackupLoaderSettings {
  /** The program that loads, bin/load-backup.ts: it reads the runner's own configuration. */
  program: string
  tools: () => Promise<LoaderTools>
  /** A load that was cancelled has this long to end its sessions before it is killed, ms. */
  cancelMs?: number
}

/** Objects outside the heap are few; the limit makes the engine collect early instead of growing. */
const flags = ['--max-old-space-size=96', '--import', 'tsx']
const keptComplaint = 500

/**
 * Loads in a process of its own, so that the runner keeps its beat. The process ends when this one does, however it dies, and takes the
 * programs that it started with it: all are one process group.
 */
export function createBackupLoader({ program, tools, cancelMs = 20_000 }: BackupLoaderSettings): BackupLoader {
  async function run(order: ToLoader, { signal, progress }: LoadOptions) {
    const cancelled = (touched: boolean) => ({
      result: { kind: 'cancelled', says: 'The load was cancelled.', touched } satisfies LoadResult,
      created: [],
    })
    if (signal.aborted) return cancelled(false)
    const child = spawn(process.execPath, [...flags, program], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      detached: true,
    })
    let answer: Extract<FromLoader, { kind: 'result' }> | null = null
    let complaint = ''
    child.stderr?.on('data', (chunk: Buffer) => {
      complaint = (complaint + chunk.toString()).slice(-keptComplaint)
    })
    child.on('message', (message: FromLoader) => {
      if (message.kind === 'progress') progress(message.progress)
      else answer = message
    })
    const exit = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>
    let killing: NodeJS.Timeout | undefined
    const cancel = () => {
      tell(child, { kind: 'cancel' })
      killing = setTimeout(() => killGroup(child), cancelMs)
    }
    signal.addEventListener('abort', cancel)
    try {
      tell(child, order)
      const [code, killedBy] = await exit
      // What it started does not go on without it.
      killGroup(child)
      if (answer) return answer as Extract<FromLoader, { kind: 'result' }>
      if (signal.aborted) return cancelled(true)
      const how = killedBy ? `was ended by ${killedBy}` : `ended with code ${code}`
      const result: LoadResult = { kind: 'died', says: `The loading program ${how}.`, touched: true }
      return { result, created: [], complaint }
    } finally {
      clearTimeout(killing)
      signal.removeEventListener('abort', cancel)
    }
  }
  return {
    tools,
    load: async (request, options) => (await run({ kind: 'load', request }, options)).result,
    async loadRoles(request, options) {
      const { result, created } = await run({ kind: 'roles', request }, options)
      return { result, created }
    },
  }
}

/** A process that has just ended cannot be told anything; its exit says so. */
function tell(child: ChildProcess, message: ToLoader): void {
  if (child.connected) child.send(message, () => {})
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // None of it is left.
  }
}
