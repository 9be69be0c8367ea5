import { z } from 'zod'
import { regionServices } from '../../domain/cluster/region-services'
import { unreadableAnswer } from '../../ports/outcome'
import { PortError } from '../../ports/port-error'
import { fromSocketError } from '../../ports/socket-error'
import type { Vantage } from '../../ports/vantage'

export interface VantageSettings {
  url: string
  secret: string
}

const who = 'The collector in the other region'
/** An answer longer than this is not one of ours. */
const maxCharacters = 100_000

const timed = { source: z.string(), vantage: z.literal('dr-region'), startedAt: z.number(), endedAt: z.number() }
const kinds = ['refused', 'reset', 'closed', 'timeout', 'unreachable', 'auth', 'read-only', 'busy', 'damaged'] as const
const error = z.object({ kind: z.enum([...kinds, 'api', 'not-configured', 'other']), message: z.string().max(500) })
const sample = z.discriminatedUnion('ok', [
  z.object({ ...timed, ok: z.literal(true), value: z.null() }),
  z.object({ ...timed, ok: z.literal(false), error }),
])
const report = z.object({
  now: z.number(),
  everyMs: z.number().positive(),
  canaries: z
    .array(z.object({ of: z.enum(['home', 'own']), service: z.enum(regionServices), sample: sample.nullable() }))
    .max(2 * regionServices.length),
})

/** Asks the collector in the other region for its report, over HTTP with the secret that both know. */
export function createVantage({ url, secret }: VantageSettings): Vantage {
  const address = `${url.replace(/\/+$/, '')}/report`
  return {
    async report(signal) {
      let status: number
      let text: string
      try {
        const response = await fetch(address, {
          headers: { authorization: `Bearer ${secret}`, accept: 'application/json' },
          redirect: 'error',
          ...(signal && { signal }),
        })
        status = response.status
        text = await response.text()
      } catch (thrown) {
        const silent = signal?.aborted === true
        throw (
          (silent ? null : fromSocketError(thrown, who, false)) ??
          new PortError(
            silent ? 'timeout' : 'unreachable',
            `${who} ${silent ? 'did not respond' : 'cannot be reached'}.`,
            {
              outcome: 'rejected',
              probe: silent ? 'timeout' : 'unreachable',
              cause: thrown,
            },
          )
        )
      }
      if (status === 401)
        throw new PortError('auth', `${who} refused our secret.`, { code: '401', outcome: 'rejected', probe: 'auth' })
      if (text.length > maxCharacters) throw unreadableAnswer(who, status, false)
      try {
        return report.parse(JSON.parse(text))
      } catch {
        throw unreadableAnswer(who, status, false)
      }
    },
  }
}
