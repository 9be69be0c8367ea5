/** Tells people. Throws PortError. Chat knows no idempotency key of its own: `key` travels with the message. */
export interface Chat {
  say(key: string, message: { text: string; link: string | null; title: string }, signal?: AbortSignal): Promise<void>
}
