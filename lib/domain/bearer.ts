import { createHash, timingSafeEqual } from 'node:crypto'

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

/** Does an Authorization header carry this secret? Digests have one length, so the comparison tells nothing by its time. */
export const bearerIs = (header: string | undefined, secret: string): boolean =>
  timingSafeEqual(digest(header?.startsWith('Bearer ') ? header.slice(7) : ''), digest(secret))
