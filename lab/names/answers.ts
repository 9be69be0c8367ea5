import { isWithin, type RecordSet, type RecordType, type Zone, zoneOf } from './records'

/** One record of an answer. */
export interface AnswerRecord {
  name: string
  type: RecordType
  ttl: number
  value: string
}

export interface Answer {
  code: 'NOERROR' | 'NXDOMAIN' | 'REFUSED'
  answers: AnswerRecord[]
  /** The zone's SOA, where there is nothing of that kind. */
  authority: AnswerRecord[]
}

/** Longest chain of CNAMEs that is followed. */
const longestChain = 8

/**
 * What the authoritative servers answer, with failover by health: the primary while it is healthy, else the secondary while that
 * is, else the primary all the same (Route 53, "how Route 53 chooses records when health checking is configured").
 */
export function answerFor(
  zones: readonly Zone[],
  question: { name: string; type: string },
  isHealthy: (healthCheckId: string) => boolean,
): Answer {
  const answers: AnswerRecord[] = []
  let name = question.name
  for (let step = 0; step < longestChain; step += 1) {
    const zone = zoneOf(zones, name)
    if (!zone) return { code: answers.length > 0 ? 'NOERROR' : 'REFUSED', answers, authority: [] }
    const here = zone.records.filter((set) => set.name === name)
    const found = chosen(
      here.filter((set) => set.type === question.type),
      isHealthy,
    )
    if (found) return { code: 'NOERROR', answers: [...answers, ...recordsOf(found)], authority: [] }
    const alias = chosen(
      here.filter((set) => set.type === 'CNAME'),
      isHealthy,
    )
    if (!alias) return nothing(zone, name, answers)
    answers.push(...recordsOf(alias))
    name = alias.values[0] ?? name
  }
  return { code: 'NOERROR', answers, authority: [] }
}

function chosen(sets: readonly RecordSet[], isHealthy: (id: string) => boolean): RecordSet | null {
  const well = (set: RecordSet) => set.healthCheckId === null || isHealthy(set.healthCheckId)
  const plain = sets.find((set) => set.failover === null)
  if (plain) return plain
  const primary = sets.find((set) => set.failover?.role === 'PRIMARY')
  const secondary = sets.find((set) => set.failover?.role === 'SECONDARY')
  if (primary && well(primary)) return primary
  if (secondary && well(secondary)) return secondary
  return primary ?? null
}

const recordsOf = ({ name, type, ttl, values }: RecordSet): AnswerRecord[] =>
  values.map((value) => ({ name, type, ttl, value }))

function nothing(zone: Zone, name: string, answers: AnswerRecord[]): Answer {
  const soa = zone.records.filter((set) => set.type === 'SOA').flatMap(recordsOf)
  const exists = zone.records.some((set) => isWithin(set.name, name))
  return { code: exists ? 'NOERROR' : 'NXDOMAIN', answers, authority: soa }
}
