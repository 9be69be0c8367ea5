/** A PostgreSQL server of ours could not do what was asked; `message` is one clear sentence without secrets. */
export class ServerError extends Error {
  constructor(
    readonly reason:
      | 'port-in-use'
      | 'damaged-data'
      | 'other-version'
      | 'missing-library'
      | 'no-account'
      | 'no-space'
      | 'not-started',
    message: string,
    /** Last lines of the server's log, for a person who wants to know more. */
    readonly log = '',
  ) {
    super(message)
    this.name = 'ServerError'
  }
}

/** Turns a server's own words into one clear sentence. */
export function explain(
  { name, host, port }: { name: string; host: string; port: number },
  dataDir: string,
  log: string,
): ServerError {
  if (/could not bind|Address already in use/.test(log))
    return new ServerError(
      'port-in-use',
      `${name} cannot listen on ${host}:${port}: another program uses the port.`,
      log,
    )
  if (/error while loading shared libraries|Library not loaded/.test(log))
    return new ServerError(
      'missing-library',
      `PostgreSQL lacks a library: ${/(?:libraries|loaded): ([^\n]*)/.exec(log)?.[1] ?? 'see its log'}.`,
      log,
    )
  if (/No space left on device|ENOSPC/.test(log))
    return new ServerError('no-space', `There is too little disk space for ${name} in ${dataDir}.`, log)
  if (
    /PANIC|invalid (?:checkpoint|primary checkpoint)|not a valid data directory|could not (?:open|read) file|incompatible with server|invalid data in file|contains? incorrect/.test(
      log,
    )
  )
    return new ServerError(
      'damaged-data',
      `The data directory of ${name}, ${dataDir}, is damaged; restore it, or run npm run reset to start fresh.`,
      log,
    )
  const last = /(?:FATAL|PANIC|[Ee]rror): +([^\n]*)/.exec(log)?.[1] ?? 'its log says no more'
  return new ServerError(
    'not-started',
    `${name} did not start: ${last.replaceAll(/\/proc\/self\/fd\/\d+/g, dataDir)}.`,
    log,
  )
}
