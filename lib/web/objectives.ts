import 'server-only'
import { castmatch } from '../config/castmatch'

/** The customer's recovery objectives, for the screens. */
export function objectives() {
  return castmatch.objectives
}
