import 'server-only'
import type { ViewContext, ViewSource } from '../views/context'
import { webEnv } from './env'
import { liveHub } from './hub'
import { findPrinter } from './print'
import { currentSession, pageSession } from './session'
import { webStore } from './store'

/** Where the web's views read, for what does not depend on who looks. */
export function viewSource(): ViewSource {
  const env = webEnv()
  return {
    store: webStore(),
    environment: env.environment,
    snapshot: () => liveHub().snapshot(),
    installation: {
      siteUrl: env.NEXTAUTH_URL,
      reviewZone: env.WARROOM_REVIEW_ZONE,
      alertWebhook: { token: Boolean(env.WARROOM_ALERT_TOKEN), signature: Boolean(env.PAGERDUTY_WEBHOOK_SECRET) },
      printsPdf: findPrinter() !== null,
    },
    now: Date.now,
  }
}

/** The same with whoever looks; null when nobody is signed in. */
export async function viewContext(): Promise<ViewContext | null> {
  const session = await currentSession()
  return session && { ...viewSource(), person: session.person }
}

/** The same for a page, which sends whoever is signed out to the sign-in page. */
export async function pageContext(page?: string): Promise<ViewContext> {
  const { person } = await pageSession(page)
  return { ...viewSource(), person }
}
