import pino from 'pino'

/** The web's log: one JSON line per event on stderr. Never a secret, never a person's input. */
export const log = pino({ name: 'web', base: { name: 'web' } }, pino.destination(2))
