import type { Client } from 'pg'

/** Longest wait for a server to answer the farewell, ms. */
const partingMs = 2_000

/** Ends a session; a server that does not answer the farewell is not waited for. */
export async function parted(client: Client): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, partingMs)
  })
  await Promise.race([client.end().catch(() => undefined), late])
  clearTimeout(timer)
}
