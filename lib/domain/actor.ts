/** Who did it. The system acts under its own name, never under a person's. */
export type Actor =
  | { kind: 'person'; id: string; name: string }
  | { kind: 'runner'; name: string; epoch: number }
  | { kind: 'collector'; name: string }
  /** Somebody else's system that told us: PagerDuty. */
  | { kind: 'service'; name: string }

export function actorName(actor: Actor): string {
  switch (actor.kind) {
    case 'person':
    case 'service':
      return actor.name
    case 'runner':
      return 'The runner'
    case 'collector':
      return 'The collector'
  }
}
