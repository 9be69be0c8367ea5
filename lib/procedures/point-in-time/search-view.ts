import { intervalOf } from '../../domain/restore-point/bisect'
import type { SearchView } from '../../domain/restore-point/search-view'
import { type Facts, readFacts } from '../facts'
import { pointFacts } from './facts'
import { pointDraft } from './inputs'
import { perProbeWords } from './probes'

/** What a run has found out about the moment of damage, by its stored facts; null when it does not search for it. */
export function searchViewOf({ facts: stored, inputs }: { facts: Facts; inputs: unknown }): SearchView | null {
  const { search, probes = [] } = readFacts(pointFacts, stored).facts
  if (!search) return null
  return {
    fromAt: search.fromAt,
    toAt: search.badAt,
    ...intervalOf(search, probes),
    probes,
    most: pointDraft.safeParse(inputs).data?.restores ?? probes.length,
    perProbe: perProbeWords(probes),
  }
}
