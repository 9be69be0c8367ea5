export interface Rounds {
  start(): void
  /** Ends after the round that is under way. */
  stop(): Promise<void>
  readonly stopped: boolean
}

/**
 * Does a piece of work again and again, a pause (ms) after each round has ended, so that a slow one never meets itself. What
 * a round throws is told, and the next one comes all the same.
 */
export function rounds(work: () => Promise<unknown>, pauseMs: number, failed: (error: unknown) => void): Rounds {
  let timer: NodeJS.Timeout | null = null
  let stopped = false
  let working: Promise<unknown> = Promise.resolve()
  const tick = () => {
    working = work()
      .catch(failed)
      .finally(() => {
        if (!stopped) timer = setTimeout(tick, pauseMs)
      })
  }
  return {
    start: tick,
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
