import { setTimeout as pause } from 'node:timers/promises'
import type { PostgresServer } from '../../lib/embedded-postgres/server'

const firstPauseMs = 100
const longestPauseMs = 10_000
/** A server that ran for this long has recovered: the next end is not a sequel of the last one. */
const recoveredMs = 60_000

const words = (error: unknown) => (error instanceof Error ? error.message : String(error))
const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`

/**
 * Starts a server again whenever it ends by itself, sooner at first and less often while it does not come back. Whoever uses
 * it waits meanwhile and is not ended. `say` gets a sentence at each change. `stop` ends the server for good, also in the
 * middle of a start.
 */
export function keepRunning(server: PostgresServer, name: string, say: (sentence: string) => void) {
  const stopping = new AbortController()
  let restarting: Promise<void> | null = null
  let runningSince = performance.now()
  let failures = 0

  async function restart(): Promise<void> {
    const endedAt = performance.now()
    if (endedAt - runningSince > recoveredMs) failures = 0
    say(`${name} stopped unexpectedly and is being restarted.`)
    for (;;) {
      const pauseMs = Math.min(firstPauseMs * 2 ** failures, longestPauseMs)
      failures += 1
      await pause(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined)
      if (stopping.signal.aborted) return
      try {
        await server.start()
        runningSince = performance.now()
        if (!stopping.signal.aborted) say(`${name} is running again after ${seconds(runningSince - endedAt)}.`)
        return
      } catch (error) {
        if (stopping.signal.aborted) return
        const nextMs = Math.min(firstPauseMs * 2 ** failures, longestPauseMs)
        say(`${words(error)} Retrying in ${seconds(nextMs)}.`)
      }
    }
  }

  server.on('exit', () => {
    // A start that fails ends here too; the loop that made it goes on by itself.
    if (stopping.signal.aborted || restarting) return
    restarting = restart().finally(() => {
      restarting = null
    })
  })

  return {
    async stop(): Promise<void> {
      stopping.abort()
      await server.stop()
      // A start that was under way may have come through meanwhile.
      await restarting
      await server.stop()
    },
  }
}
