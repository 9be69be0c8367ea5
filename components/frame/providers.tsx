'use client'

import { type DehydratedState, HydrationBoundary, QueryClientProvider } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { useBrowserTime } from '../../lib/queries/browser-time'
import { queryClient } from '../../lib/queries/client'
import { useLiveFeed } from '../../lib/queries/live'
import '../ui/nonce'
import { Toasts } from '../ui/toast'

function Live() {
  useLiveFeed()
  useBrowserTime()
  return null
}

/** What every screen of the desk shares: one cache, one live feed, one place for messages. */
export function Providers({ facts, children }: { facts: DehydratedState; children: ReactNode }) {
  const [client] = useState(queryClient)
  return (
    <QueryClientProvider client={client}>
      <HydrationBoundary state={facts}>
        <Live />
        {children}
        <Toasts />
      </HydrationBoundary>
    </QueryClientProvider>
  )
}
