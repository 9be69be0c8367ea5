import type { Run } from '../domain/run/run'
import { activeRunIds, readRun } from '../store/run'
import { drive, type Working } from './drive'
import { type Hand, RunInHand } from './hand'
import { TurnOver } from './turn'

export interface Engine {
  start(): void
  /** Ends after the piece of work in hand; the turn is let go by its owner, afterwards. */
  stop(): Promise<void>
  /** Something about this run was written: look now instead of at the next poll. */
  wake(runId?: string): void
  /** Ids being driven by this process now. */
  driving(): string[]
}

/** Polling is the truth; a wake only saves waiting for it. */
const pollMs = 200

interface Driver {
  wake: () => void
  ended: Promise<void>
}

/**
 * Drives every active run while it is this runner's turn. All state stands in the store; a driver is a loop that reads,
 * does one piece of work and reads again, so that whoever has the turn goes on where it was left.
 */
export function createEngine(hand: Hand): Engine {
  const drivers = new Map<string, Driver>()
  let stopped = false
  let timer: NodeJS.Timeout | null = null
  let looking: Promise<void> = Promise.resolve()

  async function oneRun(runId: string, sleep: (ms: number) => Promise<void>): Promise<void> {
    const working: Working = { stepId: null, agreed: { looks: 0 } }
    while (!stopped && hand.turn.holds()) {
      let pauseMs = 0
      try {
        const run = await readRun(hand.store, runId)
        const procedure = hand.catalogue(run.procedureId)
        if (!procedure) {
          hand.log('error', 'A run names a procedure that this version does not have', {
            runId,
            procedure: run.procedureId,
          })
          return
        }
        const progress = await drive(new RunInHand(hand, run, procedure), working)
        if (progress === 'over') return
        pauseMs = progress.again ? 0 : progress.afterMs
      } catch (error) {
        if (error instanceof TurnOver) return
        hand.log('error', 'A piece of work broke off; it is taken up again', { runId, error: worded(error) })
        pauseMs = 1_000
      }
      if (pauseMs > 0) await sleep(pauseMs)
    }
  }

  function begin(runId: string): void {
    let wakeUp: (() => void) | null = null
    let woken = false
    const sleep = (ms: number) =>
      new Promise<void>((resolve) => {
        if (woken || stopped) {
          woken = false
          resolve()
          return
        }
        const end = () => {
          clearTimeout(t)
          wakeUp = null
          woken = false
          resolve()
        }
        const t = setTimeout(end, ms)
        wakeUp = end
      })
    const wake = () => {
      woken = true
      wakeUp?.()
    }
    const ended = oneRun(runId, sleep).finally(() => drivers.delete(runId))
    drivers.set(runId, { wake, ended })
  }

  async function look(): Promise<void> {
    if (stopped || !hand.turn.holds()) return
    try {
      for (const id of await activeRunIds(hand.store, hand.environment)) if (!drivers.has(id) && !stopped) begin(id)
    } catch (error) {
      hand.log('warn', 'The store does not answer; runs wait', { error: worded(error) })
    }
  }

  function lookNow(): void {
    looking = looking.then(look)
  }

  return {
    start() {
      const tick = () => {
        lookNow()
        looking.finally(() => {
          if (!stopped) timer = setTimeout(tick, pollMs)
        })
      }
      tick()
    },
    async stop() {
      stopped = true
      if (timer) clearTimeout(timer)
      for (const driver of drivers.values()) driver.wake()
      await looking
      await Promise.all([...drivers.values()].map((driver) => driver.ended))
    },
    wake(runId) {
      if (runId) drivers.get(runId)?.wake()
      else for (const driver of drivers.values()) driver.wake()
      lookNow()
    },
    driving: () => [...drivers.keys()],
  }
}

const worded = (error: unknown) => (error instanceof Error ? `${error.name}: ${error.message}` : String(error))

export type { Run }
