import { lookup } from 'node:dns/promises'
import { fromSocketError } from '../ports/socket-error'

/** All addresses of a host, as this machine resolves it now. Throws PortError. */
export async function resolveHost(host: string): Promise<string[]> {
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address)
  } catch (error) {
    throw fromSocketError(error, host, false) ?? error
  }
}
