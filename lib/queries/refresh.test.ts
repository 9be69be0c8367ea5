// A run is busy: changes are told faster than the web answers. Every answer arrives, and the last change is always seen.
import { QueryClient, QueryObserver } from '@tanstack/react-query'
import { expect, test } from 'vitest'
import { refresher } from './refresh'

/** A query whose answers are given manually; each answers with what is true when it is asked. */
function slowQuery() {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } })
  let truth = 0
  let aborted = 0
  const open: (() => void)[] = []
  const observer = new QueryObserver(client, {
    queryKey: ['run', 'list'],
    queryFn: ({ signal }) => {
      const seen = truth
      signal.addEventListener('abort', () => aborted++)
      return new Promise<number>((resolve) => open.push(() => resolve(seen)))
    },
  })
  const stop = observer.subscribe(() => {})
  const turn = () => new Promise((resolve) => setTimeout(resolve, 0))
  return {
    refresh: refresher(client),
    change: () => ++truth,
    async answer() {
      open.shift()?.()
      await turn()
    },
    open: () => open.length,
    aborted: () => aborted,
    data: () => client.getQueryData(['run', 'list']),
    stop,
  }
}

test('a flood of changes breaks no answer off, and asks once more for the last of them', async () => {
  const query = slowQuery()
  await query.answer()
  for (let i = 0; i < 50; i++) {
    query.change()
    void query.refresh(['run', 'list'])
  }
  expect(query.open()).toBe(1)
  await query.answer()
  expect(query.open()).toBe(1)
  await query.answer()
  expect([query.data(), query.aborted(), query.open()]).toEqual([50, 0, 0])
  query.stop()
})

test('a poll that was under way before the change is followed by another look', async () => {
  const query = slowQuery()
  expect(query.open()).toBe(1)
  query.change()
  void query.refresh(['run', 'list'])
  await query.answer()
  expect(query.data()).toBe(0)
  await query.answer()
  expect([query.data(), query.aborted()]).toEqual([1, 0])
  query.stop()
})
