import {
  maxDeliveryBytes,
  maxEventBytes,
  rateLimit,
  readAtMost,
  readWebhook,
  tokenFits,
  tooLong,
} from '@/lib/web/alert-webhook'
import { webEnv } from '@/lib/web/env'
import { receive } from '@/lib/web/receive-alerts'
import { refusal } from '@/lib/web/run-action'

export const dynamic = 'force-dynamic'

/** For senders whose token or signature was checked: strangers, however many, use up nothing of it. */
const allowed = rateLimit(240)

/** Takes alerts of Alertmanager (bearer token) and events of PagerDuty (v3 signature). */
export async function POST(request: Request) {
  const { WARROOM_ALERT_TOKEN: token = null, PAGERDUTY_WEBHOOK_SECRET: pagerdutySecret = null, environment } = webEnv()
  const authorization = request.headers.get('authorization')
  // Strangers are not listened to for long; a sender with the token may bring the storm of a bad night.
  const known = tokenFits(authorization, token)
  const body = await readAtMost(request, known ? maxDeliveryBytes : maxEventBytes)
  if (body === null && !known) return Response.json({ error: 'The request is larger than 256 KiB.' }, { status: 413 })
  const parsed =
    body === null
      ? tooLong(Date.now())
      : readWebhook(
          { authorization, pagerdutySignature: request.headers.get('x-pagerduty-signature'), body },
          { token, pagerdutySecret },
          environment.metrics?.ownAlerts ?? {},
          Date.now(),
        )
  if ('status' in parsed) return Response.json({ error: parsed.error }, { status: parsed.status })
  // 503 and not 429: Alertmanager tries again after a failure of the server only, and a real alert may be among these.
  if (!allowed(Date.now()))
    return Response.json({ error: 'Too many requests.' }, { status: 503, headers: { 'retry-after': '10' } })
  try {
    const kept = await receive(parsed)
    // A repeat is thanked like the first: a sender whose answer was lost would send it again and again.
    return Response.json({ kept: kept ? parsed.alerts.length : 0 }, { status: 202 })
  } catch (error) {
    return Response.json({ error: refusal(error).message }, { status: 503 })
  }
}
