import type { BackupSummary } from '../domain/backups/types'
import { type Rounds, rounds } from './rounds'

interface BackupVerifierSettings {
  leads: () => boolean
  /** What the collector last knew. */
  summary: () => BackupSummary | null
  /** Reads the recommended backup to its end, in a process of its own; ended by the signal. */
  verify: (signal: AbortSignal) => Promise<void>
  now: () => number
  everyMs: number
  /** One that was not verified is tried again after this. */
  againAfterMs: number
  log: (level: 'warn', message: string, detail: object) => void
}

/** Verifies each backup once when it becomes the recommended one, so that it is known before it is needed whether it is whole. */
export function createBackupVerifier(settings: BackupVerifierSettings): Rounds {
  const { leads, summary, verify, now, everyMs, againAfterMs, log } = settings
  const stopping = new AbortController()
  let tried: { key: string; at: number } | null = null
  const round = async () => {
    const best = leads() ? (summary()?.recommended ?? null) : null
    if (!best || best.verifiedAt !== null) return
    if (tried?.key === best.key && now() - tried.at < againAfterMs) return
    tried = { key: best.key, at: now() }
    await verify(stopping.signal)
  }
  const made = rounds(round, everyMs, (err) => {
    if (!stopping.signal.aborted) log('warn', 'the recommended backup was not verified', { err })
  })
  return {
    ...made,
    get stopped() {
      return made.stopped
    },
    stop() {
      stopping.abort()
      return made.stop()
    },
  }
}
