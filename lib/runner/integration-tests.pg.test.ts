/*
 * Somebody presses "Send a test" in the settings: one real call goes out, its result stands on the screen and in the record,
 * and nobody waits for ever.
 */
import { expect, it } from 'vitest'
import type { CommandContext } from '../commands/context'
import { askTest } from '../commands/integration/test'
import { signedIn } from '../commands/testing/signed-in'
import { type IntegrationKey, testPatienceMs } from '../domain/integrations'
import type { Role } from '../domain/people/permissions'
import type { Chat } from '../ports/chat'
import type { Pager } from '../ports/pager'
import { PortError } from '../ports/port-error'
import { newestIntegrationTests } from '../store/integration-test'
import { readRecord } from '../store/record'
import { databasePerTest } from '../store/testing/database'
import { createIntegrationTests } from './integration-tests'

const database = databasePerTest()
const start = Date.now()

const somebody = (role: Role, now = start): Promise<CommandContext> =>
  signedIn(database(), { login: role, name: 'Ann', role }, { name: 'lab', kind: 'lab' }, () => now)
const ask = (context: CommandContext, integration: IntegrationKey) =>
  askTest(context, 'https://w.example/', { integration })
const newest = async (integration: IntegrationKey, now = start) =>
  (await newestIntegrationTests(database().runner.prisma, 'lab', now)).get(integration)

function testsWith(senders: { pager?: Pager; chat?: Chat }, environment = 'lab') {
  return createIntegrationTests({
    store: database().runner,
    environment,
    runner: 'r1',
    pager: null,
    chat: null,
    statusPage: null,
    ...senders,
    now: () => start + 250,
    log: (_level, message, detail) => {
      throw new Error(`${message} ${JSON.stringify(detail)}`)
    },
  })
}
async function recorded(): Promise<string[]> {
  const texts: string[] = []
  for await (const { body } of readRecord(database().runner)) texts.push((JSON.parse(body) as { text: string }).text)
  return texts
}

it('one call goes out, and its reference, time and both people stand in the record', async () => {
  const said: [string, string, string | null][] = []
  const chat: Chat = {
    async say(key, { text, link }) {
      said.push([key, text, link])
      return { reference: '1764.0001' }
    },
  }
  const test = await ask(await somebody('admin'), 'slack')
  expect((await newest('slack'))?.state).toBe('asked')
  const [one, other] = [testsWith({ chat }), testsWith({ chat })]
  expect((await Promise.all([one.once(), other.once()])).toSorted()).toEqual([false, true])
  expect(said).toEqual([
    [`test-${test.id}`, 'Test from the War Room, sent by Ann. Nothing is wrong.', 'https://w.example/settings'],
  ])
  expect(await newest('slack')).toMatchObject({
    state: 'passed',
    reference: '1764.0001',
    finishedAt: start + 250,
    says: expect.stringMatching(/^Taken in /),
  })
  expect(await recorded()).toEqual([
    'Ann asked for a test of Slack.',
    expect.stringMatching(/^The test of Slack arrived\. Taken in /),
  ])
})

it('a test page ends its alert again', async () => {
  const did: string[] = []
  const take = (what: string) => async (key: string) => {
    did.push(`${what} ${key}`)
    return { reference: key }
  }
  const { id } = await ask(await somebody('admin'), 'pagerduty')
  await testsWith({ pager: { page: take('page'), acknowledge: take('acknowledge'), resolve: take('resolve') } }).once()
  expect(did).toEqual([`page test-${id}`, `resolve test-${id}`])
  expect(await newest('pagerduty')).toMatchObject({ state: 'passed', says: expect.stringContaining('ended again') })
})

it('a refusal is said in its own sentence, and is not tried again', async () => {
  let calls = 0
  const chat: Chat = {
    async say() {
      calls += 1
      const refused = { outcome: 'rejected', probe: 'api' } as const
      throw new PortError('config', 'Slack refused it (channel_not_found).', refused)
    },
  }
  await ask(await somebody('admin'), 'slack')
  const tests = testsWith({ chat })
  expect([await tests.once(), await tests.once(), calls]).toEqual([true, false, 1])
  expect(await newest('slack')).toMatchObject({ state: 'failed', says: 'Slack refused it (channel_not_found).' })
  expect((await recorded()).at(-1)).toBe('The test of Slack failed. Slack refused it (channel_not_found).')
})

it('a page whose answer is lost may have opened an alert: it is ended all the same, and the test failed', async () => {
  const heard: string[] = []
  const lost = new PortError('timeout', 'PagerDuty did not respond in time.', { outcome: 'unknown', probe: 'timeout' })
  const pager: Pager = {
    page: () => Promise.reject(lost),
    acknowledge: async (key) => ({ reference: key }),
    async resolve(key) {
      heard.push(`resolve ${key.replace(/^test-.*/, 'test')}`)
      return { reference: key }
    },
  }
  await ask(await somebody('admin'), 'pagerduty')
  await testsWith({ pager }).once()
  expect(heard).toEqual(['resolve test'])
  expect(await newest('pagerduty')).toMatchObject({ state: 'failed', says: 'PagerDuty did not respond in time.' })
})

it('only admins may ask, one test at a time, and each environment sends its own', async () => {
  await expect(ask(await somebody('commander'), 'slack')).rejects.toMatchObject({ code: 'not-allowed' })
  await ask(await somebody('admin'), 'slack')
  await expect(ask(await somebody('admin'), 'slack')).rejects.toMatchObject({
    code: 'conflict',
    message: 'Ann is testing this right now. Wait for the result.',
  })
  expect(await testsWith({}, 'production').once()).toBe(false)
  expect(await recorded()).toEqual(['Ann asked for a test of Slack.'])
})

it('a test that no runner takes ends by itself, and may be asked again', async () => {
  await ask(await somebody('admin'), 'status-page')
  await database().owner.pool.query(`UPDATE integration_test SET asked_at = asked_at - make_interval(secs => $1)`, [
    testPatienceMs / 1000 + 1,
  ])
  const unanswered = await newest('status-page', Date.now())
  expect(unanswered).toMatchObject({ state: 'failed', says: expect.stringContaining('runner') })
  await ask(await somebody('admin'), 'status-page')
  expect((await newest('status-page', Date.now()))?.state).toBe('asked')
})
