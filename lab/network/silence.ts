import type { Socket } from 'node:net'
import type { Silence } from '../contract'

/**
 * What a silent network does to open connections: nothing moves on them, or they are reset. Null is its end, which those that
 * waited learn from a reset.
 */
export function meetSilence(sockets: Iterable<Socket>, silence: Silence | null): void {
  for (const socket of [...sockets])
    if (silence === 'hang') {
      socket.unpipe()
      socket.pause()
    } else socket.resetAndDestroy()
}
