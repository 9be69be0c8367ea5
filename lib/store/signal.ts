import pg from 'pg'
import type { Store } from './client'

/*
 * A word that something changed, carrying ids only. Polling is the truth: a signal that is lost costs a moment, never a
 * change. It is sent after the writing transaction and never inside it.
 */

const channel = 'warroom'

export interface Signal {
  what: 'run' | 'preflight' | 'incident'
  id: string
}

/** Says that something changed; failing to say so is not failing. */
export async function signal(store: Pick<Store, 'pool'>, { what, id }: Signal): Promise<void> {
  await store.pool
    .query({ name: 'signal', text: 'SELECT pg_notify($1, $2)', values: [channel, `${what} ${id}`] })
    .catch(() => {})
}

/** Listens on a connection of its own and makes it again when it breaks. `close` ends it. */
export function listenForSignals(url: string, onSignal: (signal: Signal) => void): { close(): Promise<void> } {
  let closed = false
  let client: pg.Client | null = null
  let timer: NodeJS.Timeout | null = null
  const again = () => {
    client = null
    if (!closed && !timer)
      timer = setTimeout(() => {
        timer = null
        void connect()
      }, 500)
  }
  const connect = async () => {
    const mine = new pg.Client({
      connectionString: url,
      connectionTimeoutMillis: 3_000,
      keepAlive: true,
      application_name: 'warroom-listen',
    })
    client = mine
    mine.on('error', () => {})
    mine.on('end', again)
    mine.on('notification', ({ payload }) => {
      const [what, id] = (payload ?? '').split(' ')
      if ((what === 'run' || what === 'preflight' || what === 'incident') && id) onSignal({ what, id })
    })
    try {
      await mine.connect()
      await mine.query(`LISTEN ${channel}`)
    } catch {
      await mine.end().catch(() => {})
      again()
    }
  }
  let opening = connect()
  return {
    async close() {
      closed = true
      if (timer) clearTimeout(timer)
      await opening
      opening = Promise.resolve()
      await client?.end().catch(() => {})
    },
  }
}
