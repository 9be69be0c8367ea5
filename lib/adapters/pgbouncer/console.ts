import { Socket } from 'node:net'
import { Client } from 'pg'
import { cutText } from '../../domain/text'
import { failedOutcome, unreadableAnswer } from '../../ports/outcome'
import { PortError } from '../../ports/port-error'
import { fromSocketError } from '../../ports/socket-error'

export interface ConsoleSettings {
  host: string
  port: number
  user: string
  password: string
  /** TLS options of Node, or null for a plain connection. The host's name is checked against the certificate. */
  tls: { ca: string | undefined } | null
}

type Row = Record<string, unknown>

/**
 * One connection to PgBouncer's admin console. The console speaks the simple protocol only, so commands carry no
 * parameters: names are validated before they come here. Our timer ends the socket; nothing waits without a limit.
 */
export class Console {
  private readonly socket = new Socket()
  private readonly client: Client
  private readonly who: string
  private dead = false
  onClose: () => void = () => {}

  constructor(settings: ConsoleSettings) {
    this.who = `PgBouncer at ${settings.host}:${settings.port}`
    this.client = new Client({
      host: settings.host,
      port: settings.port,
      user: settings.user,
      password: settings.password,
      database: 'pgbouncer',
      application_name: 'castmatch-warroom',
      keepAlive: true,
      stream: () => this.socket,
      ssl: settings.tls ? { rejectUnauthorized: true, ca: settings.tls.ca, minVersion: 'TLSv1.2' } : false,
    })
    this.client.on('error', () => {})
    const gone = () => {
      if (this.dead) return
      this.dead = true
      this.onClose()
    }
    this.socket.on('end', gone)
    this.socket.on('error', gone)
    this.socket.on('close', gone)
  }

  get alive(): boolean {
    return !this.dead
  }

  connect(limitMs: number): Promise<void> {
    return this.limited('connect', limitMs, false, async () => {
      await this.client.connect()
    })
  }

  /**
   * Rows of a SHOW, or none. `mutation`: whatever is not the console's own answer to this command then leaves the outcome
   * unknown. Throws PortError.
   */
  run(command: string, limitMs: number, mutation: boolean): Promise<Row[]> {
    return this.limited('query', limitMs, mutation, async () => {
      const answer = await this.client.query<Row>(command)
      // Without its tag an answer of no rows is no answer.
      if (answer.command !== command.split(' ')[0]) throw unreadableAnswer(this.who, null, mutation)
      return answer.rows
    })
  }

  destroy(): void {
    this.socket.destroy()
  }

  private async limited<T>(phase: string, limitMs: number, mutation: boolean, work: () => Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined
    try {
      return await new Promise<T>((resolve, reject) => {
        timer = setTimeout(() => {
          reject(
            new PortError('timeout', `${this.who} did not respond within ${limitMs} ms.`, {
              code: phase,
              outcome: failedOutcome(mutation, { kind: 'broke-off' }),
              probe: 'timeout',
            }),
          )
          this.socket.destroy()
        }, limitMs)
        work().then(resolve, reject)
      })
    } catch (error) {
      throw this.meaning(error, mutation)
    } finally {
      clearTimeout(timer)
    }
  }

  private meaning(error: unknown, mutation: boolean): PortError {
    if (error instanceof PortError) return error
    const socket = fromSocketError(error, this.who, mutation)
    if (socket) return socket
    const { code, severity, message = '' } = (error ?? {}) as { code?: string; severity?: string; message?: string }
    // The console refuses a command by an ERROR. Anything else ends the session, whatever became of the command.
    const refused = severity === 'ERROR'
    const outcome = failedOutcome(
      mutation,
      refused ? { kind: 'answered', status: null, means: 'refused' } : { kind: 'broke-off' },
    )
    if (code?.startsWith('28') || /password|auth|not allowed|no such user/i.test(message))
      return new PortError('auth', `${this.who} refused our role or its password.`, {
        code,
        outcome,
        probe: 'auth',
        cause: error,
      })
    if (refused)
      return new PortError('state', `${this.who} refused the command: ${cutText(message, 120)}.`, {
        code,
        outcome,
        probe: 'api',
        cause: error,
      })
    return new PortError('unreachable', `${this.who} ended the session.`, {
      code,
      outcome,
      probe: 'closed',
      cause: error,
    })
  }
}
