'use client'

import { usePathname } from 'next/navigation'
import { type ReactNode, useEffect, useState } from 'react'
import { SituationPlaces } from '../cluster/situation-places'
import { IncidentPlaces } from '../incident/incident-places'
import { RunPlaces } from '../run/run-places'
import { ListPlaces } from '../ui/list-places'
import { transitionEvent } from './transition'

/** A page that is there sooner than this comes without its places. */
const afterMs = 150

/**
 * The page, or the places of the one that was chosen while that is on its way. Next's own `loading` would stand in the first HTML
 * in front of the facts, and stay there where scripts are off.
 */
export function PageOnItsWay({ children }: { children: ReactNode }) {
  const here = usePathname()
  const [chosen, setChosen] = useState<{ path: string; from: string } | null>(null)
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const onChosen = (event: Event) => {
      const { pathname, origin } = new URL((event as CustomEvent<string>).detail, window.location.href)
      clearTimeout(timer)
      if (origin !== window.location.origin || pathname === here) return setChosen(null)
      timer = setTimeout(() => setChosen({ path: pathname, from: here }), afterMs)
    }
    window.addEventListener(transitionEvent, onChosen)
    return () => {
      clearTimeout(timer)
      window.removeEventListener(transitionEvent, onChosen)
    }
  }, [here])
  // Wherever it led, it has arrived.
  const going = chosen?.from === here ? chosen.path : null
  return (
    <>
      {going !== null && (
        <>
          <p className="sr-only" role="status">
            Loading
          </p>
          <PlacesOf path={going} />
        </>
      )}
      <div className="contents" hidden={going !== null}>
        {children}
      </div>
    </>
  )
}

function PlacesOf({ path }: { path: string }) {
  if (path === '/') return <SituationPlaces loading message={null} />
  if (/^\/incidents\/\d+$/.test(path)) return <IncidentPlaces />
  if (/^\/runs\/[^/]+$/.test(path)) return <RunPlaces message={null} />
  return <ListPlaces report={path.endsWith('/report')} />
}
