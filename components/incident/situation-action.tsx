'use client'

import { useQuery } from '@tanstack/react-query'
import { ArrowRight } from 'lucide-react'
import Link from 'next/link'
import { incidentLabel } from '../../lib/domain/incident/labels'
import { openIncidentsQuery } from '../../lib/queries/incident'
import type { Declare } from '../../lib/web/present/actions'
import { DeclareButton } from './declare'
import { useWaiting, worstOf } from './waiting'

/** The one primary action of the Situation page: to declare, or what the open incident needs, by its name. */
export function SituationAction({ declare }: { declare: Declare }) {
  const { data } = useQuery(openIncidentsQuery)
  const worst = worstOf(data?.items ?? [])
  const waiting = useWaiting(worst?.number ?? null)
  if (!worst) return <DeclareButton declare={declare} />
  const label = incidentLabel(worst.number)
  const own = waiting?.run.incidentNumber === worst.number ? waiting : null
  return (
    <Link className="btn" data-look="go" data-size="s" href={own?.href ?? `/incidents/${worst.number}`}>
      {own ? `${label}: ${own.act}` : `Open ${label}`} <ArrowRight aria-hidden />
    </Link>
  )
}
