'use client'

import { type RefObject, useEffect, useLayoutEffect, useState } from 'react'

const driftPx = 3
const driftEveryMs = 60_000
const pointerHidesAfterMs = 2500

/** The canvas is laid out for 1920x1080; a screen that stands upright gets a narrow one as high as its shape asks for. */
const [wide, high, upright] = [1920, 1080, 800]
const places = [
  [0, 0],
  [1, 1],
  [-1, 1],
  [1, -1],
  [-1, -1],
] as const

/** Fits the canvas into the screen, and moves it a few pixels each minute against burn-in. */
export function useFit(canvas: RefObject<HTMLElement | null>): void {
  useLayoutEffect(() => {
    let turn = 0
    const place = () => {
      const element = canvas.current
      if (!element) return
      const { innerWidth: width, innerHeight: height } = window
      const tall = height > 1.1 * width
      const scale = tall ? width / upright : Math.min(width / wide, height / high)
      const [dx, dy] = places[turn % places.length] ?? places[0]
      element.toggleAttribute('data-tall', tall)
      element.style.width = `${tall ? upright : wide}px`
      element.style.height = `${tall ? height / scale : high}px`
      element.style.transform = `scale(${scale}) translate(calc(-50% + ${dx * driftPx}px), calc(-50% + ${dy * driftPx}px))`
    }
    place()
    const drift = setInterval(() => {
      turn++
      place()
    }, driftEveryMs)
    window.addEventListener('resize', place)
    return () => {
      clearInterval(drift)
      window.removeEventListener('resize', place)
    }
  }, [canvas])
}

/** The whole page is dark, also its root: tokens of light and dark are chosen there. */
export function useWallTheme(): void {
  useLayoutEffect(() => {
    const root = document.documentElement
    const before = root.dataset.theme
    root.dataset.theme = 'wall'
    return () => {
      if (before === undefined) delete root.dataset.theme
      else root.dataset.theme = before
    }
  }, [])
}

/** True when the pointer has not moved for a while: it is hidden then. */
export function useStill(): boolean {
  const [still, setStill] = useState(true)
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | null = null
    const onMove = () => {
      setStill(false)
      if (timer) clearTimeout(timer)
      timer = setTimeout(() => setStill(true), pointerHidesAfterMs)
    }
    window.addEventListener('pointermove', onMove)
    return () => {
      window.removeEventListener('pointermove', onMove)
      if (timer) clearTimeout(timer)
    }
  }, [])
  return still
}

/** Keeps the screen awake while the page is seen; browsers let go of it when it is hidden, so it is asked for again. */
export function useAwake(): void {
  useEffect(() => {
    let lock: WakeLockSentinel | null = null
    let gone = false
    const ask = async () => {
      if (document.visibilityState !== 'visible' || !('wakeLock' in navigator)) return
      try {
        lock = await navigator.wakeLock.request('screen')
        if (gone) void lock.release()
      } catch {
        // Refused, for example on low battery: the screen's own settings decide.
      }
    }
    void ask()
    document.addEventListener('visibilitychange', ask)
    return () => {
      gone = true
      document.removeEventListener('visibilitychange', ask)
      void lock?.release()
    }
  }, [])
}

/** Two web processes of different builds behind one address must not make the wall load all day. */
const reloadAtMostEveryMs = 60_000
const reloadedKey = 'wall-reloaded-at'

/** Loads the page again when the server runs another build than the one that made this page, once that page is there. */
export function useNewBuild(own: string, servers: string | null): void {
  useEffect(() => {
    if (servers === null || servers === own) return
    let gone = false
    const attempt = async () => {
      if (Date.now() - Number(sessionStorage.getItem(reloadedKey) ?? 0) < reloadAtMostEveryMs) return
      // A page of the browser's own errors would stand there for ever.
      const page = await fetch(window.location.href, { cache: 'no-store' }).catch(() => null)
      if (!page?.ok || gone) return
      sessionStorage.setItem(reloadedKey, String(Date.now()))
      window.location.reload()
    }
    void attempt()
    const again = setInterval(attempt, 5000)
    return () => {
      gone = true
      clearInterval(again)
    }
  }, [own, servers])
}
