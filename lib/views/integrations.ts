import { type IntegrationKey, type IntegrationView, integrationKeys, integrationTitles } from '../domain/integrations'
import { unless } from '../domain/right'
import { newestIntegrationTests } from '../store/integration-test'
import type { ViewContext, ViewSource } from './context'
import { rightTo } from './rights'

const does: Record<IntegrationKey, string> = {
  pagerduty: 'Sends pages. The test creates a low-severity event and closes it.',
  slack: 'Posts to the incident channel. The test sends one message.',
  'status-page': 'Posts public updates. The test posts one update marked as a test, which may be visible.',
  'alert-webhook': 'Receives alerts from Alertmanager and PagerDuty. The test sends an alert and closes it.',
}

/** Where each leads; null when it is not set up. */
function places({ environment, installation }: ViewSource): Record<IntegrationKey, string | null> {
  const { integrations } = environment
  const { siteUrl, alertWebhook } = installation
  const proofs = [alertWebhook.token && 'token', alertWebhook.signature && 'signature'].filter(
    (proof) => proof !== false,
  )
  const host = (url: string) => new URL(url).host
  return {
    pagerduty: integrations?.pagerduty ? host(integrations.pagerduty.url) : null,
    slack: integrations?.slack ? `${integrations.slack.channel} at ${host(integrations.slack.url)}` : null,
    'status-page': integrations?.statusPage ? host(integrations.statusPage.url) : null,
    'alert-webhook': proofs.length > 0 ? `${host(siteUrl)}/api/alerts, ${proofs.join(' and ')}` : null,
  }
}

const missing: Record<IntegrationKey, string> = {
  pagerduty: 'Not set up: integrations.pagerduty is missing in the environment file.',
  slack: 'Not set up: integrations.slack is missing in the environment file.',
  'status-page': 'Not set up: integrations.statusPage is missing in the environment file.',
  'alert-webhook': 'Not set up: set WARROOM_ALERT_TOKEN or PAGERDUTY_WEBHOOK_SECRET.',
}

/** The integrations of this environment with their newest tests. Throws ExpectedError. */
export async function readIntegrations(context: ViewContext): Promise<IntegrationView[]> {
  const where = places(context)
  const tests = await newestIntegrationTests(context.store.prisma, context.environment.name, context.now())
  return integrationKeys.map((key) => {
    const last = tests.get(key) ?? null
    const busy = last?.state === 'asked' ? 'A test is running.' : null
    const absent = where[key] === null ? missing[key] : null
    return {
      key,
      title: integrationTitles[key],
      does: does[key],
      where: where[key],
      missing: absent,
      right: unless(rightTo(context, 'manage-settings'), absent ?? busy),
      last,
    }
  })
}
