'use client'

import dynamic from 'next/dynamic'
import { useIncident } from '../../lib/queries/incident'
import type { IncidentActions } from '../../lib/web/present/actions'

const IncidentScreen = dynamic(() => import('./incident-screen').then((all) => all.IncidentScreen), {
  ssr: false,
  loading: () => <div className="incident-grid" aria-busy="true" />,
})

/** Where an incident's screen comes to stand: its data and its code are fetched side by side. */
export function IncidentPlace(props: { number: number; actions: IncidentActions }) {
  useIncident(props.number)
  return <IncidentScreen {...props} />
}
