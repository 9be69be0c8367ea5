import { useSyncExternalStore } from 'react'
import { firstReading } from '../web/present/first-reading'

/**
 * One ticker for every age on the page. Only the small components that show an age subscribe, so a tick never renders
 * a panel. The time it gives is the server's: a browser whose clock is wrong must not call a dead source fresh.
 */
const tickMs = 500

let skewMs = 0
let now = 0
/** False while React takes over the server's page: until then the time is that of the page, so that both write the same. */
let runs = false
const listeners = new Set<() => void>()
let timer: ReturnType<typeof setInterval> | null = null

/** The page has been taken over: from here on time goes by. */
export function startClock(): void {
  runs = true
}

function tick() {
  now = serverNow()
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void) {
  listeners.add(listener)
  if (timer === null) {
    startClock()
    timer = setInterval(tick, tickMs)
    tick()
  }
  return () => {
    listeners.delete(listener)
    if (listeners.size === 0 && timer !== null) {
      clearInterval(timer)
      timer = null
    }
  }
}

/** The server's time in ms, renewed twice a second; in the first HTML that of its making, 0 where that is not known. */
export function useNow(): number {
  return useSyncExternalStore(
    subscribe,
    () => now || serverNow(),
    () => firstReading()?.at ?? 0,
  )
}

/** A value worked out from the time; renders only when that value changes. It must be a primitive. */
export function useNowSelect<T extends string | number | boolean | null>(select: (now: number) => T, atServer: T): T {
  return useSyncExternalStore(
    subscribe,
    () => select(now || serverNow()),
    () => {
      const reading = firstReading()
      return reading ? select(reading.at) : atServer
    },
  )
}

/** The server's time right now; that of the first HTML until the page is taken over. */
export function serverNow(): number {
  return (runs ? null : firstReading()?.at) ?? Date.now() - skewMs
}

/**
 * How far the browser's clock is ahead of the server's, in ms; null when this answer cannot tell. `Date` headers have
 * whole seconds, so less than two is noise, and a slow answer says nothing about clocks.
 */
export function skewFrom(dateHeader: string | null, sentAt: number, receivedAt: number): number | null {
  const server = dateHeader ? Date.parse(dateHeader) : Number.NaN
  if (Number.isNaN(server) || receivedAt - sentAt > 1000) return null
  const skew = (sentAt + receivedAt) / 2 - (server + 500)
  return Math.abs(skew) > 2000 ? skew : 0
}

export function setSkew(ms: number | null): void {
  if (ms !== null) skewMs = ms
}
