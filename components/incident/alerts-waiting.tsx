'use client'

import { useQuery } from '@tanstack/react-query'
import dynamic from 'next/dynamic'
import { openIncidentsQuery } from '../../lib/queries/incident'
import type { Declare, DismissAlert } from '../../lib/web/present/actions'

const AlertList = dynamic(() => import('./alert-list'), { ssr: false })

/** Alerts from outside that nobody has made an incident of; nothing while there are none. */
export function AlertsWaiting({ declare, dismiss }: { declare: Declare; dismiss: DismissAlert }) {
  const { data } = useQuery(openIncidentsQuery)
  const alerts = data?.alerts ?? []
  return alerts.length > 0 ? <AlertList alerts={alerts} declare={declare} dismiss={dismiss} /> : null
}
