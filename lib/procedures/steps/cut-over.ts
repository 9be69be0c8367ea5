import type { Step, Surroundings } from '../contract'
import type { CopyMaker } from './copy'
import { newAddress, openCopy, retainSource } from './copy-cutover'
import type { CopyFacts } from './copy-facts'
import { fenceOldWriter } from './fence'
import { freezeSource } from './freeze-source'
import { gate } from './gate'
import { holdTraffic, switchPooler } from './hold-traffic'
import { endLeftSessions } from './left-sessions'
import { scaleDownWriters, scaleUpWriters } from './scale-writers'
import { switchWorkload } from './switch-workloads'
import { verifyRecovery } from './verify-recovery'

/** The last moment at which everything can still stay as it was. */
export const approveCutover = gate<unknown, CopyFacts>({
  id: 'approve-cutover',
  title: 'Approve the cutover',
  why: 'The first write on the copy is the point of no return. Two people look at the validated copy before it.',
  provedBy: 'Approval by a second person for this validated copy, at most 10 min old.',
})

type CutoverInputs = {
  retainOldDays: number
  freeze: 'now' | 'at-cutover'
  connectionMode: 'auto' | 'pgbouncer' | 'env'
}

/** Closes the source to writes by the database itself, where a role may do that. */
const freezeBySql = (environment: Surroundings): Step<unknown, CopyFacts>[] =>
  environment.database.recovery ? [freezeSource(environment)] : []

/** Stops the pods that write, and closes the source to whoever else does. */
export const freeze = (environment: Surroundings): Step<unknown, CopyFacts>[] => [
  ...scaleDownWriters(environment),
  ...freezeBySql(environment),
]

/** From a validated copy to one that serves, over every pooler and every deployment; the source is retained. */
export const cutOver = <I extends CutoverInputs>(
  environment: Surroundings,
  maker: CopyMaker<I>,
  wanted: Pick<CutoverInputs, 'freeze'>,
  /** What begins once the copy is open. */
  onceOpen: Step<I, CopyFacts>[] = [],
): Step<I, CopyFacts>[] => [
  approveCutover,
  // Before the poolers are paused: a client that waits in one cannot end.
  ...(wanted.freeze === 'at-cutover' ? scaleDownWriters(environment) : []),
  ...(environment.poolers.length > 0 ? [holdTraffic(environment)] : []),
  ...(wanted.freeze === 'at-cutover' ? freezeBySql(environment) : []),
  fenceOldWriter(environment),
  openCopy(environment, maker),
  ...onceOpen,
  ...(environment.poolers.length > 0 ? [switchPooler(environment, { newAddress })] : []),
  ...(environment.kubernetes?.deployments ?? []).map((deployment) =>
    switchWorkload(environment, deployment, { newAddress }),
  ),
  ...scaleUpWriters(environment, { newAddress }),
  verifyRecovery({ newAddress }),
  endLeftSessions(environment),
  retainSource(maker),
]
