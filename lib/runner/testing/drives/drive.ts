import type { EffectLogEntry } from '../../../../lab/contract'
import type { Run } from '../../../domain/run/run'
import type { Scene } from '../scene'

/** The lab is not in the state from which a strike begins, which says nothing about the runner. */
export class LabUnfit extends Error {
  override name = 'LabUnfit'
}

/** What the crash matrix and "never stuck" need to know of a procedure: how the lab drives it, and what must be true afterwards. */
export interface Drive {
  /** By which `npm run crash-matrix -- NAME` finds it: the procedure, and its goal where it has several. */
  name: string
  /** Of the procedure in the catalogue. */
  slug: string
  /** Inputs by which its steps are made where no lab is. */
  inputs: { [field: string]: unknown }
  /** How many writes and effects a run certainly has: a sample draws among them. */
  certain: { write: number; effect: number }
  /** Which effects of a run are under way at the same time; null where none are. */
  parallel: { effects: readonly number[] } | null
  /** Before this effect a run without the fence does it again, which the control shows. */
  control: number
  /** How many strikes at effects and at writes a sample of its matrix has. */
  sampled: { effects: number; writes: number }
  /** Can another strike begin in a lab in which such a run has ended well? */
  reusable: boolean
  /** Does the pooler hold the clients at the end, because it leads to what was left? */
  heldAfter: boolean
  /** Until a run has ended, ms, on a machine that does other things as well. */
  limitMs: number
  /** Everything until the start, in the lab. Throws LabUnfit. Null where the lab does not drive it yet. */
  prepare: ((scene: Scene) => Promise<Prepared>) | null
}

/** A drive that the lab has. */
export type LabDrive = Drive & { prepare: NonNullable<Drive['prepare']> }
export const isInLab = (drive: Drive): drive is LabDrive => drive.prepare !== null

export interface Prepared {
  start(): Promise<string>
  /** What people do besides approving; asked again and again until the run has ended. */
  people?(run: Run): Promise<void>
  /** Names a call whose effect must happen exactly once in a run; null for any other. */
  once(call: EffectLogEntry): string | null
  /** Those names, of a run that is done. */
  wanted(run: Run): string[]
  /** What is wrong with the world after the run; empty when nothing is. */
  wrong(run: Run): Promise<string[]>
  /** Makes a reusable lab fit for the next strike. */
  tidy?(run: Run): Promise<void>
}
