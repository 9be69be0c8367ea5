import { createPagerduty } from '../../lib/adapters/pagerduty/index'
import { createSlack } from '../../lib/adapters/slack/index'
import { createStatusPage } from '../../lib/adapters/status-page/index'
import type { RunnerEnv } from '../../lib/config/env'

/** Those who are told, each null where the environment does not configure it, and the site that messages link to. */
export function createSenders({ environment, secrets, NEXTAUTH_URL }: RunnerEnv) {
  const { pagerduty, slack, statusPage } = environment.integrations ?? {}
  const { pagerdutyRoutingKey, slackToken, statusPageToken } = secrets
  return {
    site: NEXTAUTH_URL ?? null,
    pager: pagerduty && pagerdutyRoutingKey ? createPagerduty({ ...pagerduty, routingKey: pagerdutyRoutingKey }) : null,
    chat: slack && slackToken ? createSlack({ ...slack, token: slackToken }) : null,
    statusPage: statusPage && statusPageToken ? createStatusPage({ ...statusPage, token: statusPageToken }) : null,
  }
}
