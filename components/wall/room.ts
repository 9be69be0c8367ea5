'use client'

import { type RefObject, useEffect, useLayoutEffect, useState } from 'react'

const driftPx = 3
const driftEveryMs = 60_000
const pointerHidesAfterMs = 2500

/** Fits the canvas of 1920x1080 into the screen, and moves it a few pixels each minute against burn-in. */
export function useFit(canvas: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    let turn = 0
    const place = () => {
      const element = canvas.current
      if (!element) return
      const scale = Math.min(window.innerWidth / 1920, window.innerHeight / 1080)
      const [dx, dy] = [
        [0, 0],
        [1, 1],
        [-1, 1],
        [1, -1],
        [-1, -1],
      ][turn % 5] ?? [0, 0]
      element.style.transform = `scale(${scale}) translate(calc(-50% + ${(dx ?? 0) * driftPx}px), calc(-50% + ${(dy ?? 0) * driftPx}px))`
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
  })
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

/** Reloads when the server runs another build than the one that this page came from. */
export function useNewBuild(build: string | null): void {
  const [first, setFirst] = useState<string | null>(null)
  useEffect(() => {
    if (build === null) return
    if (first === null) setFirst(build)
    else if (first !== build) window.location.reload()
  }, [build, first])
}
