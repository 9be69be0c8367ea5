/** The place of one session. Giving it back twice changes nothing. */
export interface Seat {
  /** The server has no such session, or no more. */
  free(): void
  /** Nothing tells whether the server still has it. */
  vanish(): void
}
