import { readIntegrations } from '@/lib/views/integrations'
import { answer } from '@/lib/web/answer'

export const dynamic = 'force-dynamic'

/** The integrations with their newest tests; no secret is among them. */
export const GET = () => answer(readIntegrations)
