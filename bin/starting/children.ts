import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { LogFile, type LogLimits } from '../../lib/embedded-postgres/log-file'
import { configExitCode } from './process'

/** Programs that lose nothing by dying: what they were doing stands in the store. The lab is not one of them. */
const restarts = new Set(['runner', 'web', 'vantage'])
const mostRestarts = 5

/**
 * Both live for weeks beside the cluster they watch and stay below 300 MB: a young generation that is collected often, and
 * few arenas of the C library, which keeps what a password's hashing took (64 MB at a time) for every thread otherwise.
 */
const frugal = {
  flags: ['--max-semi-space-size=8', '--max-old-space-size=256'],
  env: { MALLOC_ARENA_MAX: '2' },
}

const root = join(import.meta.dirname, '../..')

/** A program of ours under `npm start`: its log goes to a file, its end is noticed, its parent's end ends it. */
export class Children {
  private readonly running = new Map<string, ChildProcess>()
  private readonly logs = new Map<string, LogFile>()
  private stopping = false
  /** Ends of each program in the last minute: one that dies again and again is not started again. */
  private readonly ends = new Map<string, number[]>()

  constructor(
    private readonly logDir: string,
    private readonly onDeath: (name: string, code: number | null, tail: string) => void,
    /** Called when a program that had ended was started again. */
    private readonly onReturn: (name: string, code: number | null) => void = () => {},
    private readonly logLimits?: LogLimits,
  ) {
    mkdirSync(logDir, { recursive: true })
  }

  start(name: string, program: string, args: string[], env: NodeJS.ProcessEnv): ChildProcess {
    const log = this.logs.get(name) ?? new LogFile(join(this.logDir, `${name}.log`), this.logLimits)
    this.logs.set(name, log)
    let tail = ''
    const small = restarts.has(name) && env.NODE_ENV === 'production'
    const flags = [...(small ? frugal.flags : []), '--import', 'tsx']
    const child = spawn(process.execPath, [...flags, join(root, program), ...args], {
      cwd: root,
      env: small ? { ...frugal.env, ...env } : env,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    const keep = (chunk: Buffer) => {
      log.write(chunk)
      tail = (tail + chunk.toString()).slice(-4000)
    }
    child.stdout?.on('data', keep)
    child.stderr?.on('data', keep)
    child.on('exit', (code) => {
      this.running.delete(name)
      if (this.stopping) return
      const recent = [...(this.ends.get(name) ?? []).filter((at) => Date.now() - at < 60_000), Date.now()]
      this.ends.set(name, recent)
      if (!restarts.has(name) || code === configExitCode || recent.length > mostRestarts) this.onDeath(name, code, tail)
      else {
        this.start(name, program, args, env)
        this.onReturn(name, code)
      }
    })
    this.running.set(name, child)
    return child
  }

  /** Process ids by name, for whoever measures or looks for them. */
  pids(): Record<string, number> {
    return Object.fromEntries([...this.running].flatMap(([name, child]) => (child.pid ? [[name, child.pid]] : [])))
  }

  /** Ends every child, politely for `limitMs`, then for certain. */
  async stop(limitMs: number): Promise<void> {
    this.stopping = true
    const ends = [...this.running.values()].map((child) => {
      // Its output is complete only when its pipes are closed; something that it left behind may keep them open.
      const ended = new Promise<void>((resolve) => {
        child.once('close', () => resolve())
        child.once('exit', () => setTimeout(resolve, 200))
      })
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), limitMs)
      return ended.finally(() => clearTimeout(timer))
    })
    await Promise.all(ends)
    await Promise.all([...this.logs.values()].map((log) => log.close()))
  }
}
