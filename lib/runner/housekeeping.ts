export interface HousekeepingSettings {
  /** Is it our turn? Two runners need not sweep the same floor. */
  leads: () => boolean
  everyMs: number
  /** Each is safe to repeat and to be cut off; one that fails keeps nobody else from running. */
  tasks: Record<string, () => Promise<void>>
  log: (level: 'warn' | 'error', message: string, detail: object) => void
}

/** Hourly work that nobody waits for, done by the runner that leads. What fails is told and tried again next time. */
export function createHousekeeping(settings: HousekeepingSettings) {
  let timer: NodeJS.Timeout | null = null
  let working: Promise<void> = Promise.resolve()

  async function round(): Promise<void> {
    if (!settings.leads()) return
    for (const [task, run] of Object.entries(settings.tasks)) {
      try {
        await run()
      } catch (error) {
        settings.log('warn', 'housekeeping was not done; it is tried again', { task, err: error })
      }
    }
  }

  return {
    start(): void {
      timer ??= setInterval(() => {
        working = working.then(round)
      }, settings.everyMs)
      timer.unref()
    },
    /** Ends with the round that is under way. */
    async stop(): Promise<void> {
      if (timer) clearInterval(timer)
      timer = null
      await working
    },
  }
}
