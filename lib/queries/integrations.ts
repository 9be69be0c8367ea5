import { queryOptions } from '@tanstack/react-query'
import type { IntegrationView } from '../domain/integrations'
import { read } from './cluster'
import { integrationsKey } from './keys'

/** Read often while a test is under way, and seldom otherwise. */
export const integrationsQuery = queryOptions({
  queryKey: integrationsKey,
  queryFn: ({ signal }) => read<IntegrationView[]>('/api/integrations', signal),
  refetchInterval: (query) => (query.state.data?.some(({ last }) => last?.state === 'asked') ? 500 : 15_000),
  retry: 1,
})
