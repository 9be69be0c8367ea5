import { PortError } from './port-error'

/** What is known of a request that was to change something, once it is over. */
export type Outcome = 'accepted' | 'rejected' | 'unknown'

/**
 * What an answer says, read in the format of the service that was asked: it did this very operation, or it refuses in words
 * that its own documentation names. Everything else is unreadable: another operation's answer, a page of a proxy, a body that
 * is empty or cut.
 */
export type Meaning = 'done' | 'refused' | 'unreadable'

/** How a request ended, as far as this side can tell. */
export type Ending =
  /** Certainly no byte of it left: our own code refused it, the name did not resolve, or no connection was made. */
  | { kind: 'never-left' }
  /** It may have left, and no whole answer came: reset, closed, cut, out of time. */
  | { kind: 'broke-off' }
  /** A whole answer came. `status` is the one of HTTP; null where the protocol has none. */
  | { kind: 'answered'; status: number | null; means: Meaning }

/**
 * The rule for everything that changes the outside world (procedures, section 0, "step contract"): only a refusal that was
 * read and that is modelled (for HTTP, a 4xx) shows that nothing changed, and only its own answer shows that it was taken.
 * Whatever else may have reached the other side is unknown, and is observed before anything is sent again.
 */
export function outcomeOf(ending: Ending): Outcome {
  switch (ending.kind) {
    case 'never-left':
      return 'rejected'
    case 'broke-off':
      return 'unknown'
    case 'answered':
      if (ending.means === 'done' && isOf(ending.status, 200)) return 'accepted'
      if (ending.means === 'refused' && isOf(ending.status, 400)) return 'rejected'
      return 'unknown'
  }
}

const isOf = (status: number | null, hundred: number) =>
  status === null || (status >= hundred && status < hundred + 100)

/** The outcome that a PortError carries. A read changes nothing, however it ends. */
export function failedOutcome(mutation: boolean, ending: Ending): 'rejected' | 'unknown' {
  return mutation && outcomeOf(ending) !== 'rejected' ? 'unknown' : 'rejected'
}

/** The failure of a later part of a change whose beginning has happened: nobody may say that nothing did. */
export function partlyDone(error: unknown): unknown {
  if (!(error instanceof PortError)) return error
  return new PortError(error.errorClass, error.message, { ...error.detail, outcome: 'unknown' })
}

/** The code of an answer that is not one of the service that was asked. */
const unreadableCode = 'UnreadableAnswer'

/** An answer that came, and that says neither yes nor no in the words of `who`. */
export function unreadableAnswer(who: string, status: number | null, mutation: boolean, cause?: unknown): PortError {
  const where = status === null ? '' : ` (status ${status})`
  return new PortError('transient', `${who} returned an unreadable response${where}.`, {
    code: unreadableCode,
    outcome: failedOutcome(mutation, { kind: 'answered', status, means: 'unreadable' }),
    probe: 'api',
    cause,
  })
}
