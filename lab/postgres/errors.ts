/** A PostgreSQL server of ours could not do what was asked; `message` is one clear sentence without secrets. */
export class ServerError extends Error {
  constructor(
    readonly reason: 'port-in-use' | 'damaged-data' | 'missing-library' | 'no-account' | 'no-space' | 'not-started',
    message: string,
    /** Last lines of the server's log, for a person who wants to know more. */
    readonly log = '',
  ) {
    super(message)
    this.name = 'ServerError'
  }
}
