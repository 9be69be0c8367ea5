/** DNS messages over UDP and TCP (RFC 1035, RFC 6891, RFC 7766), encoded by dns-packet. */
import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import packet, { type Packet, type Answer as PacketAnswer, type Question } from 'dns-packet'
import type { Address } from '../contract'
import type { Answer, AnswerRecord } from './answers'

/** What a client without EDNS can take in one datagram, and the most that is sent to one with it. */
const [plainBytes, mostBytes] = [512, 1232]
const idleMs = 10_000

const codes = { NOERROR: 0, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 } as const
type Code = keyof typeof codes

/** One question and what is answered to it; `authoritative` and `recursive` are the flags of whoever answers. */
export interface Responder {
  authoritative: boolean
  recursive: boolean
  answer(question: { name: string; type: string }): Promise<Reply>
}
export type Reply = Omit<Answer, 'code'> & { code: Code }

/** A server on one address, by UDP and TCP. Throws from `start` when its port is taken. */
export class DnsServer {
  #udp: UdpSocket | null = null
  #tcp: Server | null = null
  readonly #sockets = new Set<Socket>()
  /** Questions that came, for tests. */
  readonly asked: { name: string; type: string; by: 'udp' | 'tcp' }[] = []

  constructor(
    readonly address: Address,
    private readonly responder: Responder,
  ) {}

  async start(): Promise<void> {
    const { host, port } = this.address
    const tcp = createServer((socket) => this.#serve(socket))
    tcp.listen({ host, port })
    await once(tcp, 'listening')
    this.#tcp = tcp
    const udp = createSocket('udp4')
    udp.on('message', (message, from) => {
      void this.#reply(message, 'udp').then((reply) => {
        if (reply && this.#udp === udp) udp.send(reply, from.port, from.address)
      })
    })
    udp.bind({ address: host, port })
    await once(udp, 'listening')
    udp.on('error', (error) => console.error(`lab: DNS on ${host}:${port}:`, error.message))
    this.#udp = udp
  }

  stop(): void {
    this.#udp?.close()
    this.#udp = null
    this.#tcp?.close()
    this.#tcp = null
    for (const socket of this.#sockets) socket.destroy()
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket)
    socket.setTimeout(idleMs, () => socket.destroy())
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.#sockets.delete(socket))
    let got = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => {
      got = Buffer.concat([got, chunk])
      for (let whole = firstMessage(got); whole; whole = firstMessage(got)) {
        got = got.subarray(whole.length + 2)
        void this.#reply(whole, 'tcp').then((reply) => {
          if (reply && socket.writable) socket.write(framed(reply))
        })
      }
    })
  }

  async #reply(message: Buffer, by: 'udp' | 'tcp'): Promise<Buffer | null> {
    let query: Packet
    try {
      query = packet.decode(message)
    } catch {
      return null
    }
    const question = query.questions?.[0]
    if (query.type !== 'query' || !question) return null
    const asked = { name: `${question.name.toLowerCase().replace(/\.$/, '')}.`, type: question.type }
    this.asked.push({ ...asked, by })
    const opcode = ((message[2] ?? 0) >> 3) & 0xf
    const reply: Reply =
      opcode === 0 && query.questions?.length === 1
        ? await this.responder.answer(asked)
        : { code: 'NOTIMP', answers: [], authority: [] }
    const whole = this.#encode(query, question, reply, false)
    const limit = by === 'tcp' ? 65_535 : Math.min(mostBytes, Math.max(plainBytes, offered(query) ?? plainBytes))
    // Without its records: whoever asked comes again by TCP.
    return whole.length <= limit ? whole : this.#encode(query, question, { ...reply, answers: [], authority: [] }, true)
  }

  #encode(query: Packet, question: Question, reply: Reply, truncated: boolean): Buffer {
    const { authoritative, recursive } = this.responder
    const flags =
      (authoritative && reply.code !== 'REFUSED' ? packet.AUTHORITATIVE_ANSWER : 0) |
      (recursive ? packet.RECURSION_AVAILABLE : 0) |
      ((query.flags ?? 0) & packet.RECURSION_DESIRED) |
      (truncated ? packet.TRUNCATED_RESPONSE : 0) |
      codes[reply.code]
    return packet.encode({
      type: 'response',
      id: query.id,
      flags,
      questions: [question],
      answers: reply.answers.map(toPacket),
      authorities: reply.authority.map(toPacket),
      additionals:
        offered(query) === null
          ? []
          : [
              {
                type: 'OPT',
                name: '.',
                udpPayloadSize: mostBytes,
                extendedRcode: 0,
                ednsVersion: 0,
                flags: 0,
                flag_do: false,
                options: [],
              },
            ],
    })
  }
}

/** The datagram that a client with EDNS can take; null without it. */
function offered(query: Packet): number | null {
  for (const one of query.additionals ?? []) if (one.type === 'OPT') return one.udpPayloadSize
  return null
}

const firstMessage = (got: Buffer): Buffer | null => {
  if (got.length < 2) return null
  const length = got.readUInt16BE(0)
  return got.length < length + 2 ? null : got.subarray(2, length + 2)
}

function framed(message: Buffer): Buffer {
  const head = Buffer.alloc(2)
  head.writeUInt16BE(message.length)
  return Buffer.concat([head, message])
}

const bare = (name: string) => name.replace(/\.$/, '')

function toPacket({ name, type, ttl, value }: AnswerRecord): PacketAnswer {
  const common = { name: bare(name), ttl, class: 'IN' as const }
  switch (type) {
    case 'A':
    case 'AAAA':
      return { ...common, type, data: value }
    case 'CNAME':
    case 'NS':
      return { ...common, type, data: bare(value) }
    case 'TXT':
      return { ...common, type, data: value.replace(/^"|"$/g, '') }
    case 'SOA': {
      const [mname = '', rname = '', ...figures] = value.split(' ')
      const [serial, refresh, retry, expire, minimum] = figures.map(Number)
      return {
        ...common,
        type,
        data: { mname: bare(mname), rname: bare(rname), serial, refresh, retry, expire, minimum },
      }
    }
  }
}

function fromPacket(record: PacketAnswer): AnswerRecord[] {
  switch (record.type) {
    case 'A':
    case 'AAAA':
      return [{ name: `${record.name}.`, type: record.type, ttl: record.ttl ?? 0, value: record.data }]
    case 'CNAME':
    case 'NS':
      return [{ name: `${record.name}.`, type: record.type, ttl: record.ttl ?? 0, value: `${record.data}.` }]
    case 'TXT':
      return [{ name: `${record.name}.`, type: 'TXT', ttl: record.ttl ?? 0, value: `"${String(record.data)}"` }]
    case 'SOA': {
      const { mname, rname, serial = 0, refresh = 0, retry = 0, expire = 0, minimum = 0 } = record.data
      const value = `${mname}. ${rname}. ${serial} ${refresh} ${retry} ${expire} ${minimum}`
      return [{ name: `${record.name}.`, type: 'SOA', ttl: record.ttl ?? 0, value }]
    }
    default:
      return []
  }
}

/** Asks a server as a resolver does: by UDP, and by TCP when the answer was cut. Rejects when it does not answer in time. */
export async function ask(server: Address, question: { name: string; type: string }, limitMs: number): Promise<Reply> {
  const id = Math.floor(Math.random() * 65_536)
  const query = packet.encode({
    type: 'query',
    id,
    flags: packet.RECURSION_DESIRED,
    questions: [{ name: bare(question.name), type: question.type as Question['type'] }],
  })
  const first = await askUdp(server, query, id, limitMs)
  const answer = first.flag_tc ? await askTcp(server, query, limitMs) : first
  const code = (Object.keys(codes) as Code[]).find((one) => codes[one] === ((answer.flags ?? 0) & 0xf)) ?? 'SERVFAIL'
  return {
    code,
    answers: (answer.answers ?? []).flatMap(fromPacket),
    authority: (answer.authorities ?? []).flatMap(fromPacket),
  }
}

type Decoded = ReturnType<typeof packet.decode>

function askUdp(server: Address, query: Buffer, id: number, limitMs: number): Promise<Decoded> {
  return new Promise((done, fail) => {
    const socket = createSocket('udp4')
    const timer = setTimeout(() => end(() => fail(new Error('no answer in time'))), limitMs)
    const end = (settle: () => void) => {
      clearTimeout(timer)
      socket.close()
      settle()
    }
    socket.on('error', (error) => end(() => fail(error)))
    socket.on('message', (message) => {
      const answer = packet.decode(message)
      if (answer.id === id) end(() => done(answer))
    })
    socket.send(query, server.port, server.host)
  })
}

function askTcp(server: Address, query: Buffer, limitMs: number): Promise<Decoded> {
  return new Promise((done, fail) => {
    const socket = connect({ ...server, timeout: limitMs }, () => socket.write(framed(query)))
    let got = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => {
      got = Buffer.concat([got, chunk])
      const whole = firstMessage(got)
      if (!whole) return
      socket.destroy()
      done(packet.decode(whole))
    })
    socket.on('timeout', () => socket.destroy(new Error('no answer in time')))
    socket.on('error', fail)
    socket.on('close', () => fail(new Error('closed without an answer')))
  })
}
