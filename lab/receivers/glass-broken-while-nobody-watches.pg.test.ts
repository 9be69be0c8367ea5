/*
 * At three in the morning one person acts alone. Nobody else has a browser open, so a page and a chat message must go out at
 * once, without anybody's help: not at the next poll, not only when the command remembers it, and once.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createPagerduty } from '../../lib/adapters/pagerduty/index'
import { createSlack } from '../../lib/adapters/slack/index'
import { breakGlass } from '../../lib/commands/run/decide'
import { peopleOf } from '../../lib/commands/testing/people-in-an-incident'
import { toldWords } from '../../lib/domain/break-glass'
import { createOutbox, type OutboxSettings } from '../../lib/runner/outbox'
import { type Bench, bench, Switch, surroundings, switchProcedure } from '../../lib/runner/testing/one-effect'
import { readToldOutside } from '../../lib/store/break-glass'
import { listenForSignals } from '../../lib/store/signal'
import { databasePerTest } from '../../lib/store/testing/database'
import { receiversPerTest } from './testing'

const site = 'https://warroom.example'
const reason = 'Nobody else answers, and writes fail.'
const database = databasePerTest()
const { receivers, messages } = receiversPerTest('a token of this test, long enough to be one')
const { someone, open } = peopleOf(database)
let b: Bench
const ends: (() => Promise<unknown>)[] = []

beforeEach(() => {
  const world = new Switch()
  b = bench(database(), world, switchProcedure(world, 'DANGEROUS'))
})
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
  await b.end()
})

const outbox = (over: Partial<OutboxSettings> = {}) =>
  createOutbox({
    store: database().runner,
    runner: 'test',
    environment: surroundings.name,
    site,
    pager: createPagerduty(receivers().pagerduty),
    chat: createSlack(receivers().slack),
    statusPage: null,
    // An hour: what arrives here was sent because somebody said so.
    pollMs: 3_600_000,
    log: () => {},
    ...over,
  })

/** A run that waits for a second person, and the glass broken instead. Returns the approval's id. */
async function broken(incidentNumber: number | null = null): Promise<{ runId: string; approvalId: string }> {
  b.runner()
  const runId = await b.start({ incidentNumber })
  const asked = (await b.reaches(runId, ['waiting'])).approvals.at(-1)
  if (!asked) throw new Error('nothing is asked')
  const alone = await b.person('Starter')
  const answer = { runId, approvalId: asked.id, digest: asked.digest, typed: asked.typeToConfirm, reason }
  await breakGlass(alone, surroundings, answer)
  return { runId, approvalId: asked.id }
}
const told = async (approvalId: string) =>
  (await readToldOutside(database().web.prisma, [approvalId])).get(approvalId) ?? []
const recorded = async () =>
  (await database().owner.prisma.recordEntry.findMany({ where: { kind: 'approval.told' }, orderBy: { n: 'asc' } })).map(
    ({ text, runId, incidentId }) => ({ text, runId, incidentId }),
  )

describe('broken glass', () => {
  it('is paged and told in chat by a word of the store, without waiting for a poll', async () => {
    const waiting = outbox()
    const listening = listenForSignals(database().runnerUrl, ({ what }) => what !== 'preflight' && waiting.wake())
    ends.push(() => listening.close(), waiting.stop)
    // Its own first round is over before anything happens.
    await waiting.sendDue()
    waiting.start()
    const { runId, approvalId } = await broken()
    await expect.poll(async () => (await messages()).length).toBe(2)
    for (const service of ['pagerduty', 'slack'])
      expect((await messages()).find((message) => message.service === service)?.text).toContain(
        'BREAK-GLASS in test: Starter acts alone in Switch',
      )
    expect(JSON.stringify(await messages())).toContain(`${site}/runs/${runId}`)
    await expect.poll(async () => toldWords(await told(approvalId))).toBe('Reported to PagerDuty and Slack.')
    expect((await recorded()).toSorted((x, y) => x.text.localeCompare(y.text))).toEqual([
      { text: 'Break-glass reported to PagerDuty.', runId, incidentId: null },
      { text: 'Break-glass reported to Slack.', runId, incidentId: null },
    ])
  })

  it('is told once, however many runners look and however often', async () => {
    const { approvalId } = await broken()
    expect(toldWords(await told(approvalId))).toBe('Being reported to PagerDuty and Slack.')
    const several = [outbox(), outbox(), outbox()]
    await Promise.all(several.map((one) => one.sendDue()))
    for (const one of several) await one.sendDue()
    expect((await messages()).map(({ service, times }) => [service, times]).toSorted()).toEqual([
      ['pagerduty', 1],
      ['slack', 1],
    ])
  })

  it('in an incident is part of its story, and of a drill it is said that it is one', async () => {
    const ann = await someone('commander', 'Ann')
    const inTest = { ...ann, environment: { name: surroundings.name, kind: 'staging' as const } }
    const { number } = await open(inTest, { kind: 'drill' })
    await broken(number)
    await outbox().sendDue()
    expect((await messages()).map(({ text }) => text.includes('[DRILL] BREAK-GLASS'))).toEqual([true, true])
    expect(JSON.stringify(await messages())).toContain(`INC-${number}`)
    expect((await recorded()).map(({ incidentId }) => incidentId)).toEqual([String(number), String(number)])
  })

  it('where nothing is set up, says that nobody outside was told, and whom to call', async () => {
    const { approvalId } = await broken()
    await outbox({ pager: null, chat: null }).sendDue()
    const says = toldWords(await told(approvalId))
    expect(says).toMatch(
      /^No one outside the War Room was notified\. PagerDuty is not set up here\. Call .*Slack is not set up/,
    )
    expect((await recorded())[0]?.text).toContain('The report of break-glass did not go out by')
  })

  it('of another environment is left to the runners of that one', async () => {
    await broken()
    expect(await outbox({ environment: 'production' }).sendDue()).toBe(0)
    expect(await messages()).toEqual([])
    expect(await outbox().sendDue()).toBe(2)
  })
})
