import { readRestorePoint } from '@/lib/views/restore-point'
import { answer } from '@/lib/web/answer'

export const dynamic = 'force-dynamic'

/** The restore window and what happened inside it, for an incident where one is named. */
export const GET = (request: Request) => {
  const incident = new URL(request.url).searchParams.get('incident') ?? ''
  return answer((context) => readRestorePoint(context, /^[1-9]\d{0,8}$/.test(incident) ? Number(incident) : null))
}
