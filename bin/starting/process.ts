import { ConfigError } from '../../lib/config/environment'

/** Exit code for a wrong configuration (EX_CONFIG of sysexits.h): restarting does not help. */
export const configExitCode = 78

/** Runs `read`; on a ConfigError prints the whole list and ends the program. */
export function exitOnConfigError<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    console.error(error.message)
    process.exit(configExitCode)
  }
}

/** Runs `stop` once on SIGTERM or SIGINT, then exits; a stop that hangs is cut after `limitMs`. */
export function onStop(stop: () => Promise<void>, limitMs = 3000): void {
  let stopping = false
  const end = () => {
    if (stopping) return
    stopping = true
    setTimeout(() => process.exit(1), limitMs).unref()
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(String(error))
        process.exit(1)
      },
    )
  }
  process.on('SIGTERM', end)
  process.on('SIGINT', end)
}

/** A child started by `npm start` ends when its parent is gone, however the parent died: the channel closes. */
export function endWithParent(): void {
  if (process.channel) process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'))
}
