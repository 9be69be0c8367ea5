import type { WriterFacts } from '../facts'

/* How clients come to the new writer: what the procedure and the person who starts it tell the steps that switch them. */

export interface Connect {
  /** Has the new writer an address of its own, so that names which led to the old one still lead there? */
  newAddress(facts: WriterFacts): boolean
}

export interface ConnectInputs {
  /** `auto` leaves every name that follows the writer as it is. */
  connectionMode: 'auto' | 'pgbouncer' | 'env'
}

/** Where writes are proved, in words. */
export const endpointWords = ({ topology }: WriterFacts): string =>
  topology === 'instance' ? 'its own address' : 'the cluster endpoint'
