import { answer } from '@/lib/web/answer'
import { readIntegrations } from '@/lib/web/readers/integrations'

export const dynamic = 'force-dynamic'

/** The integrations with their newest tests; no secret is among them. */
export const GET = () => answer(({ person }) => readIntegrations(person))
