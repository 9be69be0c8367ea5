import { countWord, durationWords, listWords, plural, sentenceCase } from '../units'
import type { DiagnosisState, Evidence } from './evidence'
import { nodeWords } from './node-key'
import type { Tally } from './votes'

interface Words {
  headline: string
  detail: string
}

/** The verdict line: one sentence of what is so, and one of what follows. */
export function verdictWords(state: DiagnosisState, e: Evidence, sum: Tally): Words {
  const writer = e.writer ? nodeWords(e.writer.id) : 'The writer'
  const of = `${sum.fails.length} of ${sum.freshCount} ${plural(sum.freshCount, 'vantage point')}`
  switch (state.kind) {
    case 'unknown':
      return {
        headline: 'The state of the cluster is not yet known',
        detail: 'No source has answered since this collector started.',
      }
    case 'healthy':
      return { headline: healthyWords(e, sum), detail: '' }
    case 'degraded':
      return degradedWords(e)
    case 'primary-suspected':
    case 'primary-down': {
      const name = state.writerId ? nodeWords(state.writerId) : writer
      // The write probe works again: what still fails elsewhere is the wake of it.
      if (
        sum.fails.length === 0 ||
        (e.writeFailingSince === null &&
          !e.alarm &&
          !e.votes.some((v) => v.vantage === 'endpoint' && v.vote === 'fail'))
      )
        return state.kind === 'primary-down'
          ? {
              headline: `${name} responds again`,
              detail: 'This clears when it has been stable for a while. Do not fail over now.',
            }
          : {
              headline:
                e.writeFailingSince === null
                  ? `${name} responds again`
                  : `${name} missed a probe and is being asked again`,
              detail: '',
            }
      return { headline: `${name} does not respond from ${of}`, detail: `${streamWords(e)}${failoverWords(e)}`.trim() }
    }
    case 'own-partition':
      return {
        headline: e.blind
          ? 'Nothing answers this collector: neither the database nor the RDS API nor anything else'
          : `We cannot reach ${writer}, but its readers still receive from it`,
        detail: e.blind
          ? 'The fault most likely lies with our own network. Nothing can be said of the writer from here.'
          : 'The fault lies between this collector and the writer. Failing over would create a second writer; no promotion is advised.',
      }
    case 'wedged-writer':
      return {
        headline: `${writer} answers reads but commits no writes${e.writeError ? ` (${e.writeError})` : ''}`,
        detail:
          'Check locks, disk space and read-only settings first. A failover would not fix them and may lose writes.',
      }
    case 'split-brain':
      return {
        headline: `${sentenceCase(countWord(e.writersAnswering.length))} nodes accept writes: ${listWords(e.writersAnswering)}`,
        detail: 'Writes may be going to both. Fence the one that should not be the writer immediately.',
      }
    case 'failing-over':
      return {
        headline: `RDS is failing ${e.clusterId} over`,
        detail: 'A failover is already under way; starting another would be a second outage.',
      }
  }
}

function healthyWords(e: Evidence, sum: Tally): string {
  const ok = sum.freshCount - sum.fails.length
  const start = `Healthy. The writer answers from ${ok} of ${sum.freshCount} ${plural(sum.freshCount, 'vantage point')}`
  const streaming = e.readers.filter((r) => r.streaming)
  if (streaming.length === 0) return `${start}.`
  const lags = streaming.map((r) => r.lagSeconds)
  const worst = lags.every((l) => l !== null) ? Math.max(0, ...lags.map((l) => l ?? 0)) : null
  const all = streaming.length === e.readers.length && streaming.length > 1
  const count = all
    ? streaming.length === 2
      ? 'both'
      : `all ${countWord(streaming.length)}`
    : countWord(streaming.length)
  const who = `${count} ${plural(streaming.length, 'reader')} ${plural(streaming.length, 'streams', 'stream')}`
  return worst === null
    ? `${start} and ${who}.`
    : `${start} and ${who} within ${durationWords(Math.max(worst, 0.1) * 1000)}.`
}

const fine = 'The writer is fine. No failover needed.'

/** The worst first; what else is wrong follows in the detail. */
function degradedWords(e: Evidence): Words {
  const readers = readersInTrouble(e)
  const found: Words[] = [
    ...(e.podsTrouble
      ? [
          {
            headline: `${e.podsTrouble.ready} of ${e.podsTrouble.of} pods of ${e.podsTrouble.deployment} are ready.`,
            detail: 'The writer is fine. Look at the deployment: a failover does not help.',
          },
        ]
      : []),
    ...(e.poolerTrouble ? [e.poolerTrouble] : []),
    ...(e.noHeartbeat
      ? [
          {
            headline: 'The heartbeat table dr_heartbeat is missing or frozen.',
            detail: 'The writer is fine. Losses are estimated from WAL positions until the table is restored.',
          },
        ]
      : []),
    ...(e.apiTrouble === null
      ? []
      : [{ headline: e.apiTrouble, detail: 'The writer is fine. A failover is not possible until the API responds.' }]),
    ...(readers === null ? [] : [{ headline: readers, detail: fine }]),
  ]
  const [first, ...more] = found
  if (!first) return { headline: 'A problem has just ended.', detail: fine }
  return {
    headline: first.headline,
    detail: [first.detail, ...more.map(({ headline }) => `Also: ${headline}`)].join(' '),
  }
}

function readersInTrouble(e: Evidence): string | null {
  const troubled = e.readers.filter((r) => r.trouble !== null)
  const [first] = troubled
  if (!first) return null
  if (troubled.length === 1) return `Reader ${first.name} ${first.trouble}.`
  return `${sentenceCase(countWord(troubled.length))} of ${countWord(e.readers.length)} readers have problems: ${troubled.map((r) => `${r.name} ${r.trouble}`).join('; ')}.`
}

function streamWords(e: Evidence): string {
  const lost = e.readers.filter((r) => r.streaming === false)
  if (lost.length === 0) return ''
  const who =
    lost.length === e.readers.length
      ? lost.length === 2
        ? 'Both readers'
        : lost.length === 1
          ? 'The reader'
          : `All ${countWord(lost.length)} readers`
      : listWords(lost.map((r) => r.name))
  const since = e.streamsLostSince === null ? '' : ` ${durationWords(e.now - e.streamsLostSince)} ago`
  return `${sentenceCase(who)} lost ${plural(lost.length, 'its', 'their')} WAL stream${since}. `
}

function failoverWords(e: Evidence): string {
  const asked = e.votes.find((v) => v.vantage === 'rds-api')
  if (!asked || asked.vote === 'unknown') return 'The RDS API gives no fresh answer.'
  return e.failingOverSince === null ? 'RDS has not started a failover.' : ''
}
