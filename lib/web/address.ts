/** Written by bin/web.ts over whatever the client sent under this name. */
export const addressHeader = 'x-warroom-address'

/** The client's address as our own server saw it. */
export const addressOf = (headers: Headers): string => headers.get(addressHeader) ?? 'unknown'
