import { type Rounds, rounds } from './rounds'

interface HousekeepingSettings {
  /** Is it our turn? Two runners need not sweep the same floor. */
  leads: () => boolean
  /** From the start to the first round, and from one round to the next. */
  firstAfterMs: number
  everyMs: number
  /** Each is safe to repeat and to be cut off; one that fails keeps nobody else from running. */
  tasks: Record<string, () => Promise<void>>
  log: (level: 'warn' | 'error', message: string, detail: object) => void
}

/** Work that nobody waits for, done by the runner that leads. What fails is told and tried again next time. */
export function createHousekeeping(settings: HousekeepingSettings): Rounds {
  const { leads, everyMs, firstAfterMs, log } = settings
  const told = (task: string) => (err: unknown) =>
    log('warn', 'housekeeping was not done; it is tried again', { task, err })
  async function round(): Promise<void> {
    if (!leads()) return
    for (const [task, run] of Object.entries(settings.tasks)) {
      if (sweeps.stopped) return
      await run().catch(told(task))
    }
  }
  const sweeps = rounds(round, everyMs, told('all'), firstAfterMs)
  return sweeps
}
