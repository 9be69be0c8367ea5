import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { promisify } from 'node:util'
import { OpenError } from '../../../ports/backups'
import { type DumpSink, ProgramError } from '../../../ports/dump-target'
import { closedError } from '../errors'
import { refusedBy } from './server-says'

/** Where a program connects to: by its environment, since arguments can be read by everybody on the machine. */
export interface ProgramTarget {
  who: string
  env: Record<string, string>
}

/** Half-open connections end after about a minute; everything else comes from the environment. */
const connection = 'keepalives_idle=30 keepalives_interval=10 keepalives_count=3 tcp_user_timeout=60000'

const programs = {
  psql: {
    arguments: ['-X', '-q', '-w', '-v', 'ON_ERROR_STOP=1', '-v', 'VERBOSITY=verbose', '-d', connection, '-f', '-'],
    /** `psql:<stdin>:12: ERROR:  42704: role "a" does not exist`, in whatever language. */
    error: /^psql:.*?:\d+: [^:]+:\s+((?!00|01)[0-9A-Z]{5}): (.*)$/m,
  },
  pg_restore: {
    arguments: ['--exit-on-error', '--no-password', '-d', connection],
    error: /^pg_restore: (?:error|\[.*\]).*?: (?:ERROR|FATAL): +()(.*)$/m,
  },
} as const
type Program = keyof typeof programs

/** The version of an installed program, such as `15.20`; null when there is none. */
export async function programVersion(program: Program | 'gpg'): Promise<string | null> {
  try {
    const { stdout } = await promisify(execFile)(program, ['--version'], { timeout: 10_000, env: ownEnv() })
    return /(\d+(?:\.\d+)+|\d+)/.exec(stdout.split('\n')[0] ?? '')?.[1] ?? null
  } catch {
    return null
  }
}

/** Nothing of the runner's own environment but where programs are. */
const ownEnv = (): NodeJS.ProcessEnv => ({ NODE_ENV: 'production', PATH: process.env.PATH ?? '', LC_ALL: 'C' })

const keptComplaint = 16_000

/** Starts psql or pg_restore with a fixed argument vector; the dump goes into its standard input. */
export function openProgram(program: Program, { who, env }: ProgramTarget, terminate: () => Promise<void>): DumpSink {
  const child = spawn(program, [...programs[program].arguments], {
    stdio: ['pipe', 'ignore', 'pipe'],
    env: { ...ownEnv(), ...env },
  })
  let complaint = ''
  child.stderr.on('data', (chunk: Buffer) => {
    if (complaint.length < keptComplaint) complaint += chunk.toString()
  })
  // Its exit says why.
  child.stdin.on('error', () => {})
  const exit = exitOf(child)
  let failure: Error | null = null
  /** Wakes a write whose program has ended. */
  let wake = () => {}
  const ended = exit.then(({ code, signal, missing }) => {
    if (code === 0) return
    const [, sqlState, message] = programs[program].error.exec(complaint) ?? []
    if (missing) failure = new ProgramError(`${program} could not be started.`)
    else if (signal !== null) failure = new ProgramError(`${program} was ended by ${signal}.`)
    // The end of a session is the end of the connection, whatever its code.
    else if (/^(08|57P)/.test(sqlState ?? '')) failure = closedError(who, true)
    else if (message !== undefined) failure = refusedBy(sqlState || null, message)
    else if (program === 'pg_restore' && /input file|archive|end of file|uncompress/i.test(complaint))
      failure = new OpenError('damaged', 'pg_restore cannot read the archive.')
    else if (code === 2 || /connection|server closed/i.test(complaint)) failure = closedError(who, true)
    else failure = new ProgramError(`${program} ended with code ${code}.`)
  })
  void ended.then(() => wake())
  const check = async () => {
    if (child.exitCode === null && child.signalCode === null && !failure) return
    await ended
    throw failure ?? new ProgramError(`${program} ended too early.`)
  }
  return {
    async write(bytes) {
      await check()
      if (child.stdin.write(bytes)) return
      await new Promise<void>((resolve) => {
        wake = resolve
        child.stdin.once('drain', resolve)
        // Its end may have been heard before anybody waited for it.
        if (child.stdin.destroyed) resolve()
      })
      await check()
    },
    async end() {
      child.stdin.end()
      await ended
      if (failure) throw failure
    },
    async abort() {
      // Not by closing its input: it would take what it has for the whole.
      child.kill('SIGKILL')
      await ended
      await terminate()
    },
  }
}

interface Exit {
  code: number | null
  signal: NodeJS.Signals | null
  missing: boolean
}

/** Resolves when the program has ended and all that it said was read. */
function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    child.once('error', () => resolve({ code: null, signal: null, missing: true }))
    child.once('close', (code, signal) => resolve({ code, signal, missing: false }))
  })
}
