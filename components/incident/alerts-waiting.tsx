'use client'

import { useQuery } from '@tanstack/react-query'
import { openIncidentsQuery } from '../../lib/queries/incident'
import type { Declare, DismissAlert, DismissAlerts } from '../../lib/web/present/actions'
import AlertList from './alert-list'

/** Alerts from outside that nobody has made an incident of; nothing while there are none. */
export function AlertsWaiting(actions: { declare: Declare; dismiss: DismissAlert; dismissAll: DismissAlerts }) {
  const { data } = useQuery(openIncidentsQuery)
  return data && data.alerts.total > 0 ? <AlertList alerts={data.alerts} {...actions} /> : null
}
