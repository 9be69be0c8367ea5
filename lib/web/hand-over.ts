import 'server-only'
import { type DehydratedState, dehydrate, QueryClient, type QueryKey } from '@tanstack/react-query'
import { notFound } from 'next/navigation'
import { ExpectedError } from '../domain/errors'

/** A page does not wait longer than this for a fact: what is there is shown, and the browser asks for the rest. */
const patienceMs = 3000

/** A fact by the key under which the browser keeps it. */
export type Fact = readonly [key: QueryKey, value: Promise<unknown> | unknown]

/**
 * What a page has read, for the browser's cache. What cannot be read now, because the store or a runner is away or slow, is left
 * out: the browser asks for it and says why it is not there. Any other failure is the page's own.
 */
export async function handOver(...facts: Fact[]): Promise<DehydratedState> {
  const cache = new QueryClient()
  const keep = async ([key, value]: Fact) => {
    const known = await inTime(value)
    if (known !== undefined && known !== null) cache.setQueryData(key, known)
  }
  await Promise.all(facts.map(keep))
  return dehydrate(cache)
}

/** The value; undefined when it is late or cannot be read now. */
export async function inTime<T>(value: Promise<T> | T): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, patienceMs, undefined)
  })
  try {
    return await Promise.race([value, late])
  } catch (error) {
    if (error instanceof ExpectedError && (error.code === 'store-unavailable' || error.code === 'unavailable'))
      return undefined
    throw error
  } finally {
    clearTimeout(timer)
    // Whoever is late may fail later: nobody waits for that.
    void Promise.resolve(value).catch(() => {})
  }
}

/** The value; what does not exist is answered with the page that says so, and with 404. */
export async function orNotFound<T>(value: Promise<T>): Promise<T> {
  try {
    return await value
  } catch (error) {
    if (error instanceof ExpectedError && error.code === 'not-found') notFound()
    throw error
  }
}
