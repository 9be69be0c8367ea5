import 'server-only'
import { webEnv } from './env'
import { LiveHub } from './live-hub'

// One hub a process: route bundles each have their own module instances, the process has one globalThis.
const key = Symbol.for('castmatch.live-hub')
const holder = globalThis as typeof globalThis & { [key]?: LiveHub }

/** The process's live hub, made at first use. */
export function liveHub(): LiveHub {
  holder[key] ??= new LiveHub(webEnv().RUNNER_URLS, webEnv().WARROOM_FEED_SECRET)
  return holder[key]
}
