import { type Baseline, baselineOf, withGoodSample } from '../../domain/run/baseline'
import { type Facts, readFacts } from '../facts'
import { copySchema } from './copy-facts'

/**
 * What a recovery that makes a copy compares with: its baseline, and the validated copy for what was damaged by then. Once the copy
 * serves, the validated copy is all of it: what came after the restore point was left behind by decision.
 */
export function baselineBeforeDamage(stored: Facts): Baseline | null {
  const { openedAt, copySample, goodSample } = readFacts(copySchema, stored).facts
  const sample = openedAt === undefined ? goodSample : (copySample ?? goodSample)
  return withGoodSample(baselineOf(stored), sample ?? null)
}
