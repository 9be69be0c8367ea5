import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { Outcome } from '../../ports/outcome'

/* What a server of PostgreSQL's protocol can make of an answer, for PostgreSQL itself and for PgBouncer's console. */

/** One message: its type, its length and its body. */
export function message(type: string, ...body: (Buffer | string)[]): Buffer {
  const content = Buffer.concat(body.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)))
  const head = Buffer.alloc(5)
  head.write(type, 0)
  head.writeInt32BE(content.length + 4, 1)
  return Buffer.concat([head, content])
}
const int = (value: number, bytes: 2 | 4) => {
  const buffer = Buffer.alloc(bytes)
  buffer.writeIntBE(value, 0, bytes)
  return buffer
}
export const ready = message('Z', 'I')
export const complete = (tag: string) => message('C', `${tag}\0`)
export const failure = (severity: string, code: string, text = 'no') =>
  message('E', `S${severity}\0`, `C${code}\0`, `M${text}\0`, '\0')

/** A result with its columns of text. */
export function table(tag: string, columns: string[], rows: string[][]): Buffer {
  const described = columns.map((name) =>
    Buffer.concat([Buffer.from(`${name}\0`), int(0, 4), int(0, 2), int(25, 4), int(-1, 2), int(-1, 4), int(0, 2)]),
  )
  const data = rows.map((row) =>
    message('D', int(row.length, 2), ...row.flatMap((value) => [int(Buffer.byteLength(value), 4), value])),
  )
  return Buffer.concat([message('T', int(columns.length, 2), ...described), ...data, complete(tag), ready])
}

interface WireSpeech {
  /** The tags by which it says that it did what was asked. */
  done: string[]
  /** The code of a refusal. */
  refused: string
}

export interface WireAnswer {
  name: string
  outcome: Outcome
  play(socket: Socket): void
}

const closes = ['closes', (socket: Socket, sent: Buffer) => void socket.end(sent)] as const
const stays = ['stays', (socket: Socket, sent: Buffer) => void socket.write(sent)] as const
const resets = [
  'resets',
  (socket: Socket, sent: Buffer) => void socket.write(sent, () => socket.resetAndDestroy()),
] as const

const each = (
  ways: readonly (typeof closes | typeof stays | typeof resets)[],
  answers: [name: string, outcome: Outcome, sent: Buffer][],
): WireAnswer[] =>
  answers.flatMap(([name, outcome, sent]) =>
    ways.map(([way, act]) => ({ name: `${name}, then it ${way}`, outcome, play: (socket) => act(socket, sent) })),
  )

/** Answers that are whole: what they say is known, whatever the server does afterwards. */
export function wholeWireAnswers({ done, refused }: WireSpeech): WireAnswer[] {
  const tags = Buffer.concat(done.map(complete))
  const notice = message('N', 'SNOTICE\0', 'C00000\0', 'Mby the way\0', '\0')
  return each(
    [stays, closes],
    [
      ['its own answer', 'accepted', Buffer.concat([tags, ready])],
      ['a notice and its own answer', 'accepted', Buffer.concat([notice, tags, ready])],
      ['a refusal', 'rejected', Buffer.concat([failure('ERROR', refused), ready])],
      ['a refusal without the end', 'rejected', failure('ERROR', refused)],
      [
        'the answer of another command',
        'unknown',
        Buffer.concat([...done.slice(0, -1).map(complete), complete('LISTEN'), ready]),
      ],
      ['an empty answer', 'unknown', Buffer.concat([message('I'), ready])],
      ['no answer but the end', 'unknown', ready],
      ['an error in another language', 'unknown', Buffer.concat([failure('FEHLER', refused), ready])],
      ['the end of the session', 'unknown', failure('FATAL', '57P01')],
      ['a panic', 'unknown', failure('PANIC', '53100')],
    ],
  )
}

/** Answers that break off, and what is no answer of this protocol. Where the server stays, the caller's limit ends it. */
export function brokenWireAnswers({ done, refused }: WireSpeech): WireAnswer[] {
  const tags = Buffer.concat(done.map(complete))
  const error = failure('ERROR', refused, 'a longer explanation')
  return each(
    [stays, closes, resets],
    [
      ['nothing', 'unknown', Buffer.alloc(0)],
      ['the type of an answer', 'unknown', tags.subarray(0, 1)],
      ['half of the answer', 'unknown', tags.subarray(0, Math.floor(tags.length / 2))],
      ['the answer without the end', 'unknown', tags],
      ['half of a refusal', 'unknown', error.subarray(0, Math.floor(error.length / 2))],
      ['a page', 'unknown', Buffer.from('HTTP/1.1 400 Bad Request\r\ncontent-type: text/html\r\n\r\n<html></html>')],
      ['zeros', 'unknown', Buffer.alloc(64)],
    ],
  )
}

/** A server that lets everybody in; each command has its whole way and is then answered as the test says. */
export async function startWireAnswers(usual: (command: string) => Buffer | null = () => null) {
  let answer: WireAnswer | null = null
  let commands: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    let started = false
    socket.on('data', (chunk) => {
      if (!started) {
        started = true
        socket.write(Buffer.concat([message('R', int(0, 4)), ready]))
        return
      }
      if (chunk.toString('latin1', 0, 1) !== 'Q') return
      const command = chunk.toString('utf8', 5, chunk.length - 1)
      const known = usual(command)
      if (known) {
        socket.write(known)
        return
      }
      commands.push(command)
      answer?.play(socket)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    address: { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
    /** Commands that came since the answer was chosen, but for the usual ones. */
    commands: () => commands,
    answerWith(next: WireAnswer) {
      answer = next
      commands = []
    },
    async stop() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
