import 'server-only'
import { readWebEnv, type WebEnv } from '../config/env'

export { approvalSite, passkeySite } from '../config/environment'

let env: WebEnv | null = null

/** The web's configuration, read once at the first request (a build needs none). Throws ConfigError. */
export function webEnv(): WebEnv {
  env ??= readWebEnv()
  return env
}
