import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { Outcome } from '../../ports/outcome'
import { PortError } from '../../ports/port-error'

/** How one service speaks, for one operation: each body as it would be sent with this status. */
export interface Speech {
  type: string
  /** It did this very operation. */
  done: string
  /** It did another operation, in its own format. */
  other: string
  /** It refuses, in words that it documents for this status. */
  refused(status: number): string
  /** It refuses, in its own format, in words that nobody documents. */
  strange(status: number): string
  /** What each means, where it does not mean what it means by HTTP. */
  expected?(kind: Kind | 'no body', status: number): Outcome
  /** Its client takes the end of a connection for the last chunk: a document that is whole is whole all the same. */
  lastChunkMayLack?: true
}

export interface Answer {
  name: string
  /** What a caller may say of its change after it. */
  outcome: Outcome
  play(socket: Socket): void
}

/** Of each hundred its edges, and those that proxies and services really use. */
export const statuses: readonly number[] = [
  ...[200, 201, 202, 206, 299, 301, 302, 303, 307, 308, 399],
  ...[400, 401, 403, 404, 405, 407, 408, 409, 410, 413, 418, 422, 429, 499],
  ...[500, 502, 503, 504, 599],
]
/** By HTTP they have no body, whatever a server sends after them. */
const bodiless = [204, 304]
const half = (text: string) => text.slice(0, Math.floor(text.length / 2))
const page = (status: number) =>
  `<html>\r\n<head><title>${status} Proxy</title></head>\r\n<body><center><h1>${status}</h1></center><hr>nginx<br></body>\r\n</html>`

const kinds = [
  'done',
  'other',
  'refused',
  'strange',
  'half of done',
  'half of refused',
  'page',
  'empty',
  'blank',
  'JSON',
  'XML',
] as const
type Kind = (typeof kinds)[number]

function bodyOf(kind: Kind, speech: Speech, status: number): string {
  switch (kind) {
    case 'done':
    case 'other':
      return speech[kind]
    case 'refused':
    case 'strange':
      return speech[kind](status)
    case 'half of done':
      return half(speech.done)
    case 'half of refused':
      return half(speech.refused(status))
    case 'page':
      return page(status)
    case 'empty':
      return ''
    case 'blank':
      return ' \r\n'
    case 'JSON':
      return '{"message":"ok"}'
    case 'XML':
      return '<?xml version="1.0"?><ok/>'
  }
}

const framings = {
  length: (body: string) => `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  chunks: (body: string) =>
    `transfer-encoding: chunked\r\n\r\n${body ? `${Buffer.byteLength(body).toString(16)}\r\n${body}\r\n` : ''}0\r\n\r\n`,
  close: (body: string) => `\r\n${body}`,
}

const head = (status: number, type: string) =>
  `HTTP/1.1 ${status} Some words\r\ncontent-type: ${type}\r\nlocation: /elsewhere\r\nconnection: close\r\n`

/** The expectation, written apart from the rule that is tested. */
function expected(kind: Kind, status: number): Outcome {
  if (kind === 'done' && status >= 200 && status <= 299) return 'accepted'
  if (kind === 'refused' && status >= 400 && status <= 499) return 'rejected'
  return 'unknown'
}

/**
 * Every status with every kind of body, whole by what HTTP says; one status of each kind of outcome also in every way of
 * saying how long it is.
 */
export function wholeAnswers(speech: Speech, some: readonly number[] = statuses): Answer[] {
  const answers: Answer[] = []
  for (const status of some)
    for (const kind of kinds)
      for (const [framing, frame] of Object.entries(framings)) {
        if (framing !== 'length' && ![200, 400, 503].includes(status)) continue
        const body = bodyOf(kind, speech, status)
        const type = kind === 'page' ? 'text/html' : speech.type
        answers.push({
          name: `${status}, ${kind}, framed by ${framing}`,
          outcome: (speech.expected ?? expected)(kind, status),
          play: (socket) => socket.end(head(status, type) + frame(body)),
        })
      }
  for (const status of bodiless)
    answers.push({
      name: `${status}, which has no body`,
      outcome: speech.expected?.('no body', status) ?? 'unknown',
      play: (socket) => socket.end(`HTTP/1.1 ${status} Some words\r\nconnection: close\r\n\r\n`),
    })
  return answers
}

/** Every place at which an answer can break off, in every way in which a connection can end. */
export function brokenAnswers(speech: Speech): Answer[] {
  const ways: [string, (socket: Socket, sent: string) => void][] = [
    ['closes', (socket, sent) => socket.end(sent)],
    ['resets', (socket, sent) => socket.write(sent, () => socket.resetAndDestroy())],
  ]
  return cutsOf(speech).flatMap(([what, sent]) =>
    ways.map(
      ([way, act]): Answer => ({
        name: `${what}, then it ${way}`,
        outcome: 'unknown',
        play: (socket) => act(socket, sent),
      }),
    ),
  )
}

/** The same, where the connection stays and nothing more comes: it ends with the caller's limit, which is to be short. */
export function hangingAnswers(speech: Speech): Answer[] {
  return cutsOf(speech).map(([what, sent]) => ({
    name: `${what}, then it hangs`,
    outcome: 'unknown',
    play: (socket) => void socket.write(sent),
  }))
}

function cutsOf(speech: Speech): [what: string, sent: string][] {
  const cuts: [string, string][] = [['nothing', '']]
  for (const [of, status, body] of [
    ['success', 200, speech.done],
    ['refusal', 400, speech.refused(400)],
    ['failure', 503, page(503)],
  ] as const) {
    const begun = head(status, speech.type)
    const sized = `${begun}content-length: ${Buffer.byteLength(body)}\r\n\r\n`
    cuts.push(
      [`half of the status line of a ${of}`, `HTTP/1.1 ${String(status).slice(0, 2)}`],
      [`the status line of a ${of}`, `HTTP/1.1 ${status} Some words\r\n`],
      [`the headers of a ${of}`, sized],
      [`half of a ${of} of known length`, sized + half(body)],
      [`the headers of a ${of} in chunks`, `${begun}transfer-encoding: chunked\r\n\r\n`],
      [`half of a ${of} in chunks`, begun + half(framings.chunks(body))],
    )
    if (!speech.lastChunkMayLack)
      cuts.push([`a ${of} in chunks without the last`, begun + framings.chunks(body).slice(0, -5)])
  }
  return [
    ...cuts,
    ['an answer that is only on its way', 'HTTP/1.1 102 Processing\r\n\r\n'],
    ['early hints', 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'],
    ['another protocol', 'HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n'],
    ['no HTTP at all', 'SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n'],
  ]
}

/** What our own code says of a change. */
export async function outcomeOf(change: Promise<unknown>): Promise<string> {
  try {
    await change
    return 'accepted'
  } catch (error) {
    return error instanceof PortError ? error.detail.outcome : `no PortError: ${String(error)}`
  }
}

/**
 * Does something until the server has heard of it, and answers what came of it then: on a busy machine a short limit may be
 * up before there is a connection, and what was written may be read later.
 */
export async function heard<T>(prepare: () => void, act: () => Promise<T>, wasHeard: () => boolean): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    prepare()
    const result = await act()
    for (const end = Date.now() + 1_000; !wasHeard() && Date.now() < end; )
      await new Promise((resolve) => setTimeout(resolve, 10))
    if (wasHeard() || tries === 10) return result
  }
}

/** Has a change answered in each of these ways; tells after which something else was said, or it was not sent once. */
export async function wronglyCalled(
  server: AnsweringServer,
  answers: Answer[],
  change: () => Promise<unknown>,
): Promise<string[]> {
  const wrong: string[] = []
  for (const answer of answers) {
    const said = await heard(
      () => server.answerWith(answer),
      () => outcomeOf(change()),
      () => server.requests() > 0,
    )
    if (said !== answer.outcome) wrong.push(`${answer.name}: ${said}, not ${answer.outcome}`)
    if (server.requests() !== 1) wrong.push(`${answer.name}: sent ${server.requests()} times`)
  }
  return wrong
}

export type AnsweringServer = Awaited<ReturnType<typeof startAnswering>>

/** A server that lets each request have its whole way and then answers as it is told. */
export async function startAnswering() {
  let answer: Answer | null = null
  let requests = 0
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    let got = Buffer.alloc(0)
    socket.on('data', (chunk) => {
      got = Buffer.concat([got, chunk])
      if (!isWhole(got)) return
      got = Buffer.alloc(0)
      requests += 1
      answer?.play(socket)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    /** Requests since the answer was chosen. */
    requests: () => requests,
    answerWith(next: Answer) {
      answer = next
      requests = 0
    },
    async stop() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

function isWhole(got: Buffer): boolean {
  const end = got.indexOf('\r\n\r\n')
  if (end < 0) return false
  const headers = got.subarray(0, end).toString('latin1').toLowerCase()
  if (headers.includes('transfer-encoding: chunked')) return got.subarray(-5).toString('latin1') === '0\r\n\r\n'
  const length = Number(/content-length: (\d+)/.exec(headers)?.[1] ?? 0)
  return got.length - end - 4 >= length
}
