import { Agent, type IncomingHttpHeaders, request } from 'node:http'

export const port = Number(process.env.E2E_PORT ?? 23_000)
export const site = `http://localhost:${port}`

/** A connection for each request: one that the other side has just closed would fail the next. */
const agent = new Agent({ keepAlive: false })

interface Answer {
  status: number
  headers: IncomingHttpHeaders
  body: string
}

/**
 * One request as somebody else's program would send it: any Host, any Origin, and no redirect followed. A header that is empty
 * is not sent.
 */
export function ask(
  path: string,
  {
    method = 'GET',
    headers = {},
    body,
    atMostMs = 20_000,
  }: { method?: string; headers?: Record<string, string>; body?: string; atMostMs?: number } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? '' : String(Buffer.byteLength(body))
    const said = Object.entries({ host: `localhost:${port}`, 'content-length': length, ...headers }).filter(
      ([, value]) => value !== '',
    )
    const sent = request(
      { host: '127.0.0.1', port, path, method, agent, headers: Object.fromEntries(said), timeout: atMostMs },
      (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => {
          text += chunk
        })
        response.on('error', reject)
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }))
      },
    )
    sent.on('timeout', () => sent.destroy(new Error(`${method} ${path} was not answered in ${atMostMs} ms`)))
    sent.on('error', (error) => reject(new Error(`${method} ${path}: ${error.message}`, { cause: error })))
    sent.end(body)
  })
}

/** What a server action answered: its result, or null when it did not run. */
export interface ActionAnswer extends Answer {
  result:
    | { ok: true }
    | { ok: false; error: { code: string; message: string; fields: Record<string, string[]> | null } }
    | null
}

/** Calls a server action as React's client does. */
export async function act(
  action: { id: string; page: string },
  input: unknown,
  headers: Record<string, string> = {},
): Promise<ActionAnswer> {
  const answer = await ask(action.page.replaceAll(/\[[^\]]+\]/g, '999999'), {
    method: 'POST',
    headers: { origin: site, 'next-action': action.id, 'content-type': 'text/plain;charset=UTF-8', ...headers },
    body: JSON.stringify([input]),
  })
  const row = rowOf(answer.body, '1')
  return { ...answer, result: row?.startsWith('{') ? (JSON.parse(row) as ActionAnswer['result']) : null }
}

/** One row of React's answer: a line each, but for a long text, which has its length in bytes (hexadecimal) and no end of line. */
function rowOf(body: string, id: string): string | null {
  let left = Buffer.from(body)
  while (left.length > 0) {
    const [head = '', name, bytes] = /^([0-9a-f]*):(?:T([0-9a-f]+),)?/.exec(left.toString('utf8', 0, 40)) ?? []
    if (name === undefined) return null
    const end = bytes === undefined ? left.indexOf('\n') : head.length + Number.parseInt(bytes, 16)
    const until = end < 0 ? left.length : end
    if (name === id) return left.toString('utf8', head.length, until)
    left = left.subarray(bytes === undefined ? until + 1 : until)
  }
  return null
}

/** Does something for each of many, a few at a time; the answers come in their order. */
export async function each<T, R>(items: readonly T[], work: (item: T) => Promise<R>, atOnce = 6): Promise<R[]> {
  const results: R[] = []
  let next = 0
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (next < items.length) {
        const at = next++
        results[at] = await work(items[at] as T)
      }
    }),
  )
  return results
}
