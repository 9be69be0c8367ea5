import type { PersonRef } from './people/person'
import type { Right } from './right'

/** Ways between the War Room and other services, each of which can be tried from the settings. */
export const integrationKeys = ['pagerduty', 'slack', 'status-page', 'alert-webhook'] as const
export type IntegrationKey = (typeof integrationKeys)[number]

export const integrationTitles: Record<IntegrationKey, string> = {
  pagerduty: 'PagerDuty',
  slack: 'Slack',
  'status-page': 'Status page',
  'alert-webhook': 'Alert webhook',
}

/** One attempt to send a test: asked by a person, done once, its result kept. */
export interface IntegrationTest {
  id: string
  integration: IntegrationKey
  state: 'asked' | 'passed' | 'failed'
  /** What happened, in a sentence; null until it did. */
  says: string | null
  /** What the other side calls the message that it took. */
  reference: string | null
  askedBy: PersonRef
  askedAt: number
  finishedAt: number | null
}

export interface IntegrationView {
  key: IntegrationKey
  title: string
  /** What it is for, and what a test does. */
  does: string
  /** Where it leads, without secrets; null when it is not set up. */
  where: string | null
  /** How to set it up, when it is not. */
  missing: string | null
  right: Right
  last: IntegrationTest | null
}

/** A test that has no result after this long has none, ms: each attempt ends sooner by its own limit. */
export const testPatienceMs = 30_000

/** The words of a test, so that nobody who reads them takes them for an emergency. */
export const testWords = (by: string): string => `Test from the War Room, sent by ${by}. Nothing is wrong.`
