import { QueryClient } from '@tanstack/react-query'

/** What the server has read for a page is not asked for again while it is that fresh. */
const freshMs = 3000

/** The cache of one browser tab, or of one answer on the server. */
export const queryClient = (): QueryClient =>
  new QueryClient({ defaultOptions: { queries: { retry: false, refetchOnWindowFocus: false, staleTime: freshMs } } })
