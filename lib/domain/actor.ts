/** Who did it. The system acts under its own name, never under a person's. */
export type Actor =
  | { kind: 'person'; id: string; name: string }
  | { kind: 'runner'; name: string; epoch: number }
  | { kind: 'collector'; name: string }

export function actorName(actor: Actor): string {
  return actor.kind === 'person' ? actor.name : actor.kind === 'runner' ? 'The runner' : 'The collector'
}
