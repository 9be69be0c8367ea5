import { ExpectedError } from '../domain/errors'
import { runsAtOnce } from '../domain/run/stage'
import { readFacts } from '../procedures/facts'
import { activeRunIds, readRun } from '../store/run'
import { askPerson, drive, restOrStop, type Working } from './drive'
import { later, type Progress } from './progress'
import { type EngineSettings, OpenRun, RunContext, unforeseen } from './run-context'
import { StageHands, triesBeforeAsking } from './stage-hands'
import { TurnOver } from './turn'

export interface Engine {
  start(): void
  /** Ends after the piece of work under way; the lease is released by its owner, afterwards. */
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
 * Drives every active run while this runner holds the lease. All state is in the store; a driver is a loop that reads, does
 * one piece of work and reads again, so that whoever has the lease continues where it was left. A run that cannot be driven
 * asks a person; no error is repeated for ever.
 */
export function createEngine(engine: EngineSettings): Engine {
  const drivers = new Map<string, Driver>()
  let stopped = false
  let timer: NodeJS.Timeout | null = null
  let looking: Promise<void> = Promise.resolve()

  async function oneRun(runId: string, hands: StageHands, sleep: (ms: number) => Promise<void>): Promise<void> {
    const working: Working = { stepId: null, agreed: { looks: 0 }, hands }
    let failures = 0
    let cause = ''
    while (!stopped && engine.turn.holds()) {
      let pauseMs = 1_000
      try {
        const run = await readRun(engine.store, runId)
        const open = new OpenRun(engine, run)
        // The run as a whole moves only while no step is being worked on.
        if (hands.busy && (!runsAtOnce(run) || failures >= triesBeforeAsking)) {
          await hands.atRest()
          continue
        }
        const rest = hands.busy ? null : await restOrStop(open)
        const givenUp = rest === null && failures >= triesBeforeAsking
        const progress = rest ?? (givenUp ? await askPerson(open, cause) : await oneStep(open, working, hands))
        if (progress === 'over') return
        pauseMs = progress.again ? 0 : progress.afterMs
        // Settling what was under way is no way out of the trouble: the next piece of work asks.
        if (!givenUp) failures = 0
      } catch (error) {
        if (error instanceof TurnOver) return
        if (error instanceof ExpectedError && error.code === 'not-found') return
        if (error instanceof ExpectedError && error.code === 'store-unavailable')
          engine.log('warn', 'The store is not responding; the run waits', { runId })
        else {
          failures += 1
          cause = unforeseen(engine, { id: runId }, error)
        }
      }
      if (pauseMs > 0) await sleep(pauseMs)
    }
  }

  async function oneStep(open: OpenRun, working: Working, hands: StageHands): Promise<Progress> {
    const { run } = open
    // A person is asked when what is under way has ended.
    const ask = async (cause: string) => (hands.busy ? later(1_000) : await askPerson(open, cause))
    const procedure = engine.catalogue(run.procedureId)
    if (!procedure)
      return await ask(
        `This version of the War Room does not have the procedure "${run.title}". Deploy a version that has it and continue, or stop the run.`,
      )
    const inputs = procedure.inputs.safeParse(run.inputs)
    if (!inputs.success) {
      const names = inputs.error.issues.map((issue) => issue.path.join('.') || 'all').join(', ')
      return await ask(
        `This version of the War Room cannot read the inputs of this run (${names}). Deploy the version that started it and continue, or stop the run.`,
      )
    }
    const { facts, unreadable } = readFacts(procedure.facts, run.facts)
    if (unreadable.length > 0)
      return await askPerson(
        open,
        `This version of the War Room cannot read what this run has stored (${unreadable.join(', ')}). Deploy the version that started it and continue, or stop the run.`,
      )
    return await drive(new RunContext(engine, run, procedure, inputs.data, facts), working)
  }

  function begin(runId: string): void {
    let wakeUp: (() => void) | null = null
    let woken = false
    const nudge = () => {
      woken = true
      wakeUp?.()
    }
    const hands = new StageHands(nudge)
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
      hands.lookNow()
      nudge()
    }
    const ended = oneRun(runId, hands, sleep)
      .finally(() => hands.atRest())
      .finally(() => drivers.delete(runId))
    drivers.set(runId, { wake, ended })
  }

  async function look(): Promise<void> {
    if (stopped || !engine.turn.holds()) return
    try {
      for (const id of await activeRunIds(engine.store, engine.environment)) if (!drivers.has(id) && !stopped) begin(id)
    } catch (error) {
      engine.log('warn', 'The store is not responding; runs wait', { error: String(error) })
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
