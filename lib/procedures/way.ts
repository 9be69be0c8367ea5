import type { FailoverFacts } from './facts'

/**
 * How a failover is done (procedures, section 0): a cluster moves the role to a member and keeps its endpoint; a lone
 * Multi-AZ instance moves to its standby and keeps name and address; a lone instance without one leaves it to a replica,
 * which is another database from then on, at another address, and nobody but us closes the old one.
 */
export type FailoverWay = 'cluster' | 'standby' | 'promotion'

export function wayOf({
  topology,
  target,
  writerBefore,
}: Pick<FailoverFacts, 'topology'> & { target?: { id: string }; writerBefore?: { id: string } }): FailoverWay {
  if (topology !== 'instance') return 'cluster'
  return target && target.id === writerBefore?.id ? 'standby' : 'promotion'
}

/** Where writes are proved, in words. */
export const endpointWords = (facts: FailoverFacts): string =>
  wayOf(facts) === 'cluster' ? 'the cluster endpoint' : 'its own address'
