'use client'

import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { Tooltip } from 'radix-ui'
import { type ReactNode, useState } from 'react'
import { Toaster } from 'sonner'
import { useLiveFeed } from '../../lib/queries/live'

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
      <Tooltip.Provider delayDuration={300}>{children}</Tooltip.Provider>
      <Toaster
        position="bottom-right"
        toastOptions={{
          style: {
            background: 'var(--surface-2)',
            color: 'var(--text-1)',
            border: '1px solid var(--border-2)',
            fontFamily: 'var(--font-sans)',
            fontSize: 13,
          },
        }}
      />
    </QueryClientProvider>
  )
}
