import { Buffer } from 'node:buffer'
import type { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'

/** An answer that is not the service's own. The SDK tries a read again after it; a change has one attempt. */
export class UnreadableReply extends Error {
  readonly $retryable = { throttling: false }
  constructor(readonly status: number) {
    super(`The answer (status ${status}) is not one of the operation that was asked for.`)
    this.name = 'UnreadableReply'
  }
}

/** What comes from the wire, as far as it is looked at here. */
interface WireResponse {
  statusCode: number
  body: Readable | Uint8Array
}

/** The name of the first element; null for what does not begin like a document of the service. */
const rootOf = (text: string): string | null => /^\s*(?:<\?xml[^>]*\?>\s*)?<([A-Za-z]\w*)[\s/>]/.exec(text)?.[1] ?? null

/**
 * A middleware that reads each answer to its end and lets the SDK see it only when it is of the operation that was asked: the
 * SDK takes a 2xx that is empty, or that answers another operation, for a success without members. What is let through the
 * SDK parses strictly, so that a document that breaks off fails there. Throws UnreadableReply, or what the socket throws.
 */
export const acceptOwnAnswersOnly =
  <A, R extends { response: unknown }>(next: (args: A) => Promise<R>, context: { commandName?: string }) =>
  async (args: A): Promise<R> => {
    const result = await next(args)
    const response = result.response as WireResponse
    const bytes = response.body instanceof Uint8Array ? Buffer.from(response.body) : await buffer(response.body)
    response.body = bytes
    const root = rootOf(bytes.subarray(0, 2_000).toString('utf8'))
    const { statusCode: status } = response
    const answer = `${context.commandName?.replace(/Command$/, '')}Response`
    const own = status >= 200 && status < 300 ? root === answer : root === 'ErrorResponse'
    if (!own) throw new UnreadableReply(status)
    return result
  }

/** Nearer to the wire than the SDK's own reading of the answer. */
export const beforeParsing = { step: 'deserialize', name: 'acceptOwnAnswersOnly', priority: 'low' } as const
