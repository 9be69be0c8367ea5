import type { QueryClient, QueryKey } from '@tanstack/react-query'

/**
 * Reads again what has changed: one request at a time for a key, and one more when word of a change came meanwhile. A
 * request under way is never broken off for a newer one: where changes come faster than answers, no answer would ever
 * arrive, and the screen would stand still just while the most happens. With `restMs` the next request waits that long after an
 * answer: for what is costly to read and changes with every write of a run.
 */
export function refresher(client: Pick<QueryClient, 'invalidateQueries' | 'isFetching'>) {
  const again = new Map<string, boolean>()
  return async function refresh(queryKey: QueryKey, restMs = 0): Promise<void> {
    const name = JSON.stringify(queryKey)
    if (again.has(name)) {
      again.set(name, true)
      return
    }
    do {
      // A poll that was under way already may have looked before the change.
      again.set(name, client.isFetching({ queryKey }) > 0)
      await client.invalidateQueries({ queryKey }, { cancelRefetch: false }).catch(() => {})
      if (restMs > 0) await new Promise((resolve) => setTimeout(resolve, restMs))
    } while (again.get(name))
    again.delete(name)
  }
}
