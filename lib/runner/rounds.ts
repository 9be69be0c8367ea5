export interface Rounds {
  start(): void
  /** The next round comes at once, or right after the one that is under way; a few times a second at most. */
  wake(): void
  /** Ends after the round that is under way. */
  stop(): Promise<void>
  readonly stopped: boolean
}

/** From the end of a round to the next one that is woken, ms, at least: whoever wakes often shares one. */
const gapMs = 200

/**
 * Does a piece of work again and again, a pause (ms) after each round has ended, so that a slow one never meets itself. What
 * a round throws is told, and the next one comes all the same. The first one begins `firstAfterMs` after the start.
 */
export function rounds(
  work: () => Promise<unknown>,
  pauseMs: number,
  failed: (error: unknown) => void,
  firstAfterMs = 0,
): Rounds {
  let timer: NodeJS.Timeout | null = null
  let stopped = false
  let woken = false
  let endedAt = 0
  let working: Promise<unknown> = Promise.resolve()
  const after = (ms: number) => {
    timer = setTimeout(tick, ms)
  }
  const tick = () => {
    timer = null
    woken = false
    working = work()
      .catch(failed)
      .finally(() => {
        endedAt = Date.now()
        if (!stopped) after(woken ? gapMs : pauseMs)
      })
  }
  return {
    start: () => (firstAfterMs > 0 ? after(firstAfterMs) : tick()),
    wake() {
      if (stopped || woken) return
      woken = true
      if (!timer) return // a round is under way, or none has begun
      clearTimeout(timer)
      after(Math.max(0, endedAt + gapMs - Date.now()))
    },
    async stop() {
      stopped = true
      if (timer) clearTimeout(timer)
      await working
    },
    get stopped() {
      return stopped
    },
  }
}
