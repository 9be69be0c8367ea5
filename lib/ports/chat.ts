/** What the other side calls the message that it took, where it says so. */
export interface Taken {
  reference: string | null
}

/** Tells people. Throws PortError. Chat knows no idempotency key of its own: `key` travels with the message. */
export interface Chat {
  say(key: string, message: { text: string; link: string | null; title: string }): Promise<Taken>
}
