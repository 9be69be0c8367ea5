import { finishTest, type TestResult } from '../commands/integration/test'
import { type IntegrationKey, testWords } from '../domain/integrations'
import type { Chat } from '../ports/chat'
import type { Pager } from '../ports/pager'
import { PortError } from '../ports/port-error'
import type { Store } from '../store/client'
import { takeIntegrationTest } from '../store/integration-test'
import { rounds } from './rounds'

interface IntegrationTestSettings {
  store: Store
  environment: string
  runner: string
  pager: Pager | null
  chat: Chat | null
  statusPage: Chat | null
  now?: () => number
  log: (level: 'warn' | 'error', message: string, detail: object) => void
}

type Sent = 'pagerduty' | 'slack' | 'status-page'
/** What a runner sends; the web tests its own webhook. */
const sends = ['pagerduty', 'slack', 'status-page'] as const satisfies readonly IntegrationKey[]
const title = 'Test from the War Room'

/** Does the tests that people ask for in the settings: one real call each, by the same clients that carry pages and updates. */
export function createIntegrationTests(settings: IntegrationTestSettings) {
  const { store, log } = settings
  const now = settings.now ?? Date.now

  async function send(integration: Sent, key: string, by: string, link: string): Promise<TestResult> {
    const text = testWords(by)
    switch (integration) {
      case 'pagerduty': {
        if (!settings.pager) return missing
        const message = {
          channel: integration,
          level: 'test',
          summary: text,
          severity: 'info',
          incident: title,
          link,
        } as const
        const { pager } = settings
        const { reference } = await pager.page(key, message).catch(async (error: unknown) => {
          // It may have opened an alert that nobody would end.
          if (error instanceof PortError && error.detail.outcome === 'unknown') await pager.resolve(key).catch(() => {})
          throw error
        })
        await pager.resolve(key)
        return { passed: true, reference, more: 'The alert was ended again.' }
      }
      case 'slack':
        if (!settings.chat) return missing
        return { passed: true, ...(await settings.chat.say(key, { text, link, title })) }
      case 'status-page':
        if (!settings.statusPage) return missing
        return { passed: true, ...(await settings.statusPage.say(key, { text, link: null, title })) }
    }
  }

  /** Does one test that waits; false when none does. */
  async function once(): Promise<boolean> {
    const test = await takeIntegrationTest(store.prisma, settings.environment, sends, now())
    if (!test) return false
    const begunAt = now()
    let result: TestResult
    try {
      result = await send(test.integration as Sent, `test-${test.id}`, test.askedBy.name, test.link)
    } catch (error) {
      if (!(error instanceof PortError))
        log('error', 'A test could not be sent', { integration: test.integration, error: String(error) })
      result = { passed: false, says: error instanceof PortError ? error.message : 'It could not be sent.' }
    }
    await finishTest(
      store,
      test,
      result,
      { actor: { kind: 'runner', name: settings.runner, epoch: 0 }, writer: 'runner' },
      begunAt,
      now(),
    )
    return true
  }

  const { start, stop } = rounds(once, 2000, (error) =>
    log('warn', 'Tests of integrations wait: the store is not responding', { error: String(error) }),
  )
  return {
    once,
    start,
    stop,
  }
}

const missing: TestResult = { passed: false, says: 'It is not set up on the runner that took this test.' }
