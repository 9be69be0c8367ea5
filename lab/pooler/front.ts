import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import type { Address, EffectLog, Silence } from '../contract'
import { type Spoil, spoiltPage } from '../faults/spoilt-reply'
import { meetSilence } from '../network/silence'
import { readOpening } from '../network/startup'

/** The name by which PgBouncer knows its own console. */
const consoleName = 'pgbouncer'
/** Commands that change something; all others of the console only show. */
const changing = ['PAUSE', 'KILL', 'RECONNECT', 'RESUME']

/** A command at the console's own database changes nothing: it asks how PgBouncer refuses it. */
const isConsoleItself = /^\s*\w+\s+"?pgbouncer"?/i

interface ConsoleFault {
  how: Spoil
  /** Null: every command that changes something. */
  command: string | null
  left: number
}

interface Frame {
  type: string
  text: string
}

/** Takes whole messages of the protocol off the front; what is left waits for more. */
function frames(bytes: Buffer): { found: Frame[]; rest: Buffer } {
  const found: Frame[] = []
  let at = 0
  while (bytes.length - at >= 5) {
    const length = bytes.readUInt32BE(at + 1)
    if (bytes.length - at < length + 1) break
    found.push({ type: bytes.toString('latin1', at, at + 1), text: bytes.toString('utf8', at + 5, at + length + 1) })
    at += length + 1
  }
  return { found, rest: bytes.subarray(at) }
}

/** What comes instead of an answer that is spoilt, and whether the session goes on behind it. */
function spoilt(how: Spoil, answer: Buffer): { bytes: Buffer; goesOn: boolean } {
  switch (how) {
    case 'cut':
      return { bytes: answer.subarray(0, 3), goesOn: false }
    case 'garbage':
      return { bytes: Buffer.from(`HTTP/1.1 200 OK\r\n\r\n${spoiltPage}`), goesOn: false }
    case 'empty':
      // EmptyQueryResponse and ReadyForQuery.
      return { bytes: Buffer.from([0x49, 0, 0, 0, 4, 0x5a, 0, 0, 0, 5, 0x49]), goesOn: true }
  }
}

/**
 * Stands in front of PgBouncer and hands everything on. Of its console it keeps the log of what was changed, and can spoil
 * the answer of a command that PgBouncer has carried out.
 */
export class PoolerFront {
  fault: ConsoleFault | null = null
  private server: Server | null = null
  private readonly sockets = new Set<Socket>()
  private silence: Silence | null = null

  constructor(
    private readonly listen: Address,
    private readonly behind: Address,
    private readonly log: EffectLog,
    private readonly name: string,
  ) {}

  /** Nothing happens when it is open. Throws an Error with one clear sentence when its address is taken. */
  async open(): Promise<void> {
    if (this.server) return
    const { host, port } = this.listen
    const server = createServer({ noDelay: true }, (client) => this.accept(client))
    server.listen({ host, port, backlog: 256 })
    try {
      await once(server, 'listening')
    } catch {
      throw new Error(`PgBouncer cannot listen on ${host}:${port}: another program is there already.`)
    }
    this.server = server
  }

  /** The network in front of it: silent, closed, or as it should be. */
  setReach(silence: Silence | null): void {
    if (silence === this.silence) return
    this.silence = silence
    meetSilence(this.sockets, silence)
  }

  async close(): Promise<void> {
    const { server } = this
    this.server = null
    for (const socket of this.sockets) socket.destroy()
    if (!server) return
    server.close()
    await once(server, 'close')
  }

  private accept(client: Socket): void {
    this.keep(client)
    if (this.silence) {
      meetSilence([client], this.silence)
      return
    }
    let head: Buffer = Buffer.alloc(0)
    const onData = (chunk: Buffer) => {
      head = Buffer.concat([head, chunk])
      let opening = readOpening(head)
      if (opening.kind === 'encryption') {
        head = head.subarray(opening.length)
        client.write('N')
        opening = readOpening(head)
      }
      if (opening.kind === 'incomplete' || opening.kind === 'encryption') return
      client.off('data', onData)
      const upstream = connect({ ...this.behind, noDelay: true })
      this.keep(upstream)
      for (const [one, other] of [
        [client, upstream],
        [upstream, client],
      ] as const)
        one.on('close', () => other.destroySoon())
      upstream.write(head)
      if (opening.kind === 'startup' && opening.startup.database === consoleName) this.tap(client, upstream)
      else {
        client.pipe(upstream)
        upstream.pipe(client)
      }
    }
    client.on('data', onData)
  }

  private keep(socket: Socket): void {
    this.sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.sockets.delete(socket))
  }

  private tap(client: Socket, upstream: Socket): void {
    let asked: Buffer = Buffer.alloc(0)
    let told: Buffer = Buffer.alloc(0)
    let under: { command: string; text: string; fault: ConsoleFault | null } | null = null
    client.on('data', (chunk: Buffer) => {
      const { found, rest } = frames(Buffer.concat([asked, chunk]))
      asked = rest
      for (const { type, text } of found) {
        const asks = isConsoleItself.test(text)
        const command = type === 'Q' && !asks ? (/^\s*(\w+)/.exec(text)?.[1]?.toUpperCase() ?? '') : ''
        if (changing.includes(command)) under = { command, text, fault: this.take(command) }
      }
      upstream.write(chunk)
    })
    client.on('end', () => upstream.end())
    upstream.on('end', () => client.end(told))
    upstream.on('data', (chunk: Buffer) => {
      if (!under) {
        client.write(chunk)
        return
      }
      told = Buffer.concat([told, chunk])
      const { found } = frames(told)
      // The console has carried a command out when it is ready for the next.
      if (!found.some(({ type }) => type === 'Z')) return
      const refused = found.some(({ type }) => type === 'E')
      this.log.append({
        service: 'pgbouncer',
        operation: under.command,
        parameters: { command: under.text.replace(/\0$/, ''), pooler: this.name },
        effective: !refused,
        answered: under.fault ? 'none' : refused ? 'error' : 'ok',
        status: null,
      })
      const { bytes, goesOn } = under.fault ? spoilt(under.fault.how, told) : { bytes: told, goesOn: true }
      told = Buffer.alloc(0)
      under = null
      if (goesOn) client.write(bytes)
      else client.end(bytes)
    })
  }

  private take(command: string): ConsoleFault | null {
    const { fault } = this
    if (!fault || fault.left <= 0 || (fault.command !== null && fault.command !== command)) return null
    fault.left -= 1
    return fault
  }
}
