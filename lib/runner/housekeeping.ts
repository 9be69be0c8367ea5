export interface HousekeepingSettings {
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
export function createHousekeeping(settings: HousekeepingSettings) {
  let timer: NodeJS.Timeout | null = null
  let stopped = false
  let working: Promise<void> = Promise.resolve()

  async function round(): Promise<void> {
    if (!settings.leads()) return
    for (const [task, run] of Object.entries(settings.tasks)) {
      if (stopped) return
      try {
        await run()
      } catch (error) {
        settings.log('warn', 'housekeeping was not done; it is tried again', { task, err: error })
      }
    }
  }

  return {
    start(): void {
      const next = (ms: number) => {
        timer = setTimeout(() => {
          working = round().finally(() => {
            if (!stopped) next(settings.everyMs)
          })
        }, ms).unref()
      }
      if (!timer) next(settings.firstAfterMs)
    },
    /** Ends with the round that is under way. */
    async stop(): Promise<void> {
      stopped = true
      if (timer) clearTimeout(timer)
      await working
    },
  }
}
