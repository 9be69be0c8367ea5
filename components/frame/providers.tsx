'use client'

import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { useLiveFeed } from '../../lib/queries/live'
import '../ui/nonce'
import { Toasts } from '../ui/toast'

function Live() {
  useLiveFeed()
  return null
}

/** What every screen of the desk shares: one cache, one live feed, one place for messages. */
export function Providers({ children }: { children: ReactNode }) {
  const [client] = useState(
    () => new QueryClient({ defaultOptions: { queries: { retry: false, refetchOnWindowFocus: false } } }),
  )
  return (
    <QueryClientProvider client={client}>
      <Live />
      {children}
      <Toasts />
    </QueryClientProvider>
  )
}
