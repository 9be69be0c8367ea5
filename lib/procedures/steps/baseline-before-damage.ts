import { type Baseline, baselineOf, withGoodSample } from '../../domain/run/baseline'
import { type Facts, readFacts } from '../facts'
import { copySchema } from './copy-facts'

/** What a recovery that makes a copy compares with: its baseline, and the validated copy for what was damaged by then. */
export const baselineBeforeDamage = (stored: Facts): Baseline | null =>
  withGoodSample(baselineOf(stored), readFacts(copySchema, stored).facts.goodSample ?? null)
