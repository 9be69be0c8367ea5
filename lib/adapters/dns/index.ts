import { Resolver } from 'node:dns/promises'
import type { NameAnswer } from '../../domain/names/types'
import type { ResolverAddress, Resolvers } from '../../ports/names'
import { PortError, type PortErrorClass } from '../../ports/port-error'

/** For one attempt; a second is made, since a datagram may be lost. */
const defaultAttemptMs = 2_000
const attempts = 2

/** Asks each resolver by a client of its own, so that nothing is remembered from one question to the next. */
export function createResolvers(all: readonly ResolverAddress[], attemptMs = defaultAttemptMs): Resolvers {
  return {
    all,
    async ask({ address }, name, signal) {
      const resolver = new Resolver({ timeout: attemptMs, tries: attempts })
      resolver.setServers([address])
      const cancel = () => resolver.cancel()
      signal?.addEventListener('abort', cancel, { once: true })
      try {
        if (signal?.aborted) throw failure('ECANCELLED', address)
        return await ask(resolver, name)
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code ?? 'unknown'
        throw error instanceof PortError ? error : failure(code, address, error)
      } finally {
        signal?.removeEventListener('abort', cancel)
      }
    },
  }
}

async function ask(resolver: Resolver, name: string): Promise<NameAnswer> {
  try {
    // The client takes the shortest TTL of the chain for that of each address.
    const found = await resolver.resolve4(name, { ttl: true })
    const alias = await orNone(resolver.resolveCname(name))
    return {
      kind: 'answer',
      alias: alias?.[0]?.toLowerCase() ?? null,
      addresses: found.map(({ address }) => address).sort(),
      ttlSeconds: Math.min(...found.map(({ ttl }) => ttl)),
    }
  } catch (error) {
    if (codeOf(error) === 'ENOTFOUND') return { kind: 'no-such-name' }
    if (codeOf(error) === 'ENODATA') return { kind: 'no-address' }
    throw error
  }
}

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code
const none = (error: unknown) => codeOf(error) === 'ENODATA' || codeOf(error) === 'ENOTFOUND'

async function orNone<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer
  } catch (error) {
    if (none(error)) return null
    throw error
  }
}

/** Codes of the resolver client, by what they say of the one that was asked. */
const kinds: Record<string, [PortErrorClass, says: string]> = {
  ETIMEOUT: ['timeout', 'did not respond in time'],
  ECANCELLED: ['timeout', 'did not respond in time'],
  ECONNREFUSED: ['unreachable', 'refused the connection'],
  EREFUSED: ['config', 'refused to answer for this name'],
  ESERVFAIL: ['transient', 'cannot answer right now'],
  EBADRESP: ['transient', 'returned an unreadable response'],
  EFORMERR: ['transient', 'returned an unreadable response'],
}

function failure(code: string, address: string, cause?: unknown): PortError {
  const [errorClass, says] = kinds[code] ?? ['other', 'answered with an error']
  const probe = errorClass === 'timeout' ? 'timeout' : errorClass === 'unreachable' ? 'refused' : 'other'
  return new PortError(errorClass, `The DNS resolver ${address} ${says} (${code}).`, {
    code,
    outcome: 'rejected',
    probe,
    cause,
  })
}
