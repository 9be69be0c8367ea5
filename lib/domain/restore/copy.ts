/** A restored copy as the run that made it remembers it, from its restore until RDS describes it no more. */
export type MadeCopy = {
  id: string
  kind: 'cluster' | 'instance'
  /** Servers that are paid for. */
  instances: number
  instanceClass: string
  /** When it was first seen, ms. */
  madeAt: number
}
