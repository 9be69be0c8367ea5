/** The steps of a procedure that hold traffic in the pooler, and those that release it. */
export interface TrafficGate {
  procedureId: string
  holds: string[]
  releases: string[]
}
