import type { Address } from '../contract'
import type { AnswerRecord } from './answers'
import { isWithin } from './records'
import { ask, type Reply, type Responder } from './wire'

const upstreamMs = 2_000
/** What an answer that is kept too long is told to last (RFC 8767). */
const staleTtl = 30

interface Kept {
  reply: Reply
  at: number
  /** Seconds, of the whole answer: its shortest record. */
  ttl: number
}

/**
 * A resolver as the application's machines use one: it asks the authoritative server and keeps each answer for its TTL, that a
 * name does not exist for the SOA's. While it is stubborn, it keeps what it has for ever.
 */
export class CachingResolver implements Responder {
  readonly authoritative = false
  readonly recursive = true
  readonly #kept = new Map<string, Kept>()
  #stubborn = false

  constructor(
    private readonly upstream: Address,
    /** Zones that it cannot see: to a public resolver, a private zone does not exist. */
    private readonly hidden: () => string[],
  ) {}

  setStubborn(stubborn: boolean): void {
    this.#stubborn = stubborn
  }

  async answer(question: { name: string; type: string }): Promise<Reply> {
    if (this.hidden().some((zone) => isWithin(question.name, zone)))
      return { code: 'NXDOMAIN', answers: [], authority: [] }
    const key = `${question.name} ${question.type}`
    const kept = this.#kept.get(key)
    const age = kept ? (Date.now() - kept.at) / 1000 : 0
    if (kept && (this.#stubborn || age < kept.ttl)) return aged(kept.reply, Math.floor(age))
    try {
      const reply = await ask(this.upstream, question, upstreamMs)
      const ttls = [...reply.answers, ...(reply.answers.length > 0 ? [] : reply.authority)].map(({ ttl }) => ttl)
      if (ttls.length > 0) this.#kept.set(key, { reply, at: Date.now(), ttl: Math.min(...ttls) })
      return reply
    } catch {
      return { code: 'SERVFAIL', answers: [], authority: [] }
    }
  }
}

function aged(reply: Reply, seconds: number): Reply {
  const older = (record: AnswerRecord) => ({ ...record, ttl: record.ttl > seconds ? record.ttl - seconds : staleTtl })
  return { ...reply, answers: reply.answers.map(older), authority: reply.authority.map(older) }
}
