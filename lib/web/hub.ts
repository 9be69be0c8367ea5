import 'server-only'
import { buildId } from './build'
import { webEnv } from './env'
import { hubKey } from './hub-key'
import { LiveHub } from './live-hub'

const holder = globalThis as typeof globalThis & { [hubKey]?: LiveHub }

/** The process's live hub, made at first use. */
export function liveHub(): LiveHub {
  holder[hubKey] ??= new LiveHub(webEnv().RUNNER_URLS, webEnv().WARROOM_FEED_SECRET, buildId())
  return holder[hubKey]
}
