import type { WriterFacts } from '../facts'

/**
 * How a failover is done (procedures, section 0): a cluster moves the role to a member and keeps its endpoint; a lone
 * Multi-AZ instance moves to its standby and keeps name and address; a lone instance without one leaves it to a replica,
 * which is another database from then on, at another address, and nobody but us closes the old one.
 */
type FailoverWay = 'cluster' | 'standby' | 'promotion'

export function wayOf({
  topology,
  target,
  writerBefore,
}: Pick<WriterFacts, 'topology'> & { target?: { id: string }; writerBefore?: { id: string } }): FailoverWay {
  if (topology !== 'instance') return 'cluster'
  return target && target.id === writerBefore?.id ? 'standby' : 'promotion'
}

/** Has the new writer an address of its own, so that names which led to the old one still lead there? */
export const newAddress = (facts: WriterFacts): boolean => wayOf(facts) === 'promotion'
