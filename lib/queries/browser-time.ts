import { useEffect } from 'react'
import { rememberZone } from '../web/present/first-reading'
import { startClock } from './clock'

/** From here on the page goes by the browser's clock and zone; one that was made for another zone is made again. */
export function useBrowserTime(): void {
  useEffect(() => {
    startClock()
    if (rememberZone()) window.location.reload()
  }, [])
}
