'use client'

import { type DehydratedState, HydrationBoundary, QueryClientProvider } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { useBrowserTime } from '../../lib/queries/browser-time'
import { queryClient } from '../../lib/queries/client'

/** The wall reads by its link alone: no session, no live feed of the desk. */
export function WallProviders({ facts, children }: { facts: DehydratedState; children: ReactNode }) {
  const [client] = useState(queryClient)
  useBrowserTime()
  return (
    <QueryClientProvider client={client}>
      <HydrationBoundary state={facts}>{children}</HydrationBoundary>
    </QueryClientProvider>
  )
}
