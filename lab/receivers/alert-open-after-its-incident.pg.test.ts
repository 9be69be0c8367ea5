/*
 * Somebody was paged, the trouble is over, and the pager would go on calling: an incident that ends takes its pages with it,
 * also while the pager is down, also those that had not gone out, and the end of an incident waits for none of that.
 */
import { describe, expect, it } from 'vitest'
import { createPagerduty } from '../../lib/adapters/pagerduty/index'
import type { CommandContext } from '../../lib/commands/context'
import { acknowledge, page } from '../../lib/commands/escalation/page'
import { moveIncident } from '../../lib/commands/incident/lead'
import { peopleOf, start } from '../../lib/commands/testing/people-in-an-incident'
import { createOutbox } from '../../lib/runner/outbox'
import { readIncident } from '../../lib/store/incident'
import { listPages, takeOutbox } from '../../lib/store/page'
import { databasePerTest } from '../../lib/store/testing/database'
import { readTimeline } from '../../lib/store/timeline'
import { receiversPerTest } from './testing'

const database = databasePerTest()
const { someone, open: declareFor } = peopleOf(database)
const { receivers, fault, messages } = receiversPerTest('a token of this test, long enough to be one')
const clock = { now: start }

async function open(title = 'Down') {
  clock.now = start
  const ann = { ...(await someone('commander', 'Ann')), now: () => clock.now }
  const { number } = await declareFor(ann, { title })
  return { ann, number }
}
const outbox = () =>
  createOutbox({
    store: database().runner,
    environment: 'lab',
    runner: 'test',
    pager: createPagerduty(receivers().pagerduty),
    chat: null,
    statusPage: null,
    site: null,
    now: () => clock.now,
    log: () => {},
  })
const pageLevel = (ann: CommandContext, number: number, level: 'L1' | 'L2' = 'L1') =>
  page(ann, 'https://w.example', { number, level, channel: 'pagerduty', message: 'Please join' })
const move = async (
  ann: CommandContext,
  number: number,
  what: 'resolve' | 'reopen' | 'merge',
  into: number | null = null,
) => {
  const { version } = await readIncident(database().runner.prisma, 'lab', number)
  await moveIncident(ann, { number, version, move: what, into, reason: 'It is over.' })
}
const pages = (number: number) => listPages(database().runner.prisma, number)
const alerts = async () => (await messages()).map(({ key, state, times }) => ({ key, state, times }))
const told = async (number: number) =>
  (await readTimeline(database().runner, { number, scope: 'everything', limit: 100 })).entries.map(({ text }) => text)

describe('an incident that ends', () => {
  it('ends its pages at the pager, once, and tells so', async () => {
    const { ann, number } = await open()
    await pageLevel(ann, number)
    await pageLevel(ann, number, 'L2')
    await outbox().sendDue()
    const before = await alerts()
    expect(before.map(({ state }) => state)).toEqual(['open', 'open'])
    await move(ann, number, 'resolve')
    expect((await pages(number)).map(({ told }) => told?.state)).toEqual(['queued', 'queued'])
    expect(await outbox().sendDue()).toBe(2)
    expect(await outbox().sendDue()).toBe(0)
    expect(await alerts()).toEqual(before.map((one) => ({ ...one, state: 'resolved' })))
    expect(await pages(number)).toMatchObject(
      ['L2', 'L1'].map((level) => ({ level, endedAt: start, told: { tells: 'resolve', state: 'sent', says: null } })),
    )
    expect((await told(number)).slice(0, 2).toSorted()).toEqual([
      'The page to L1 was ended in PagerDuty.',
      'The page to L2 was ended in PagerDuty.',
    ])
  })

  it('pages nobody when it is opened again, and ends only what was paged since when it ends again', async () => {
    const { ann, number } = await open()
    await pageLevel(ann, number)
    await outbox().sendDue()
    await move(ann, number, 'resolve')
    await outbox().sendDue()
    clock.now += 60_000
    await expect(pageLevel(ann, number, 'L2')).rejects.toMatchObject({ code: 'conflict' })
    await move(ann, number, 'reopen')
    expect(await outbox().sendDue()).toBe(0)
    expect((await alerts()).map(({ state, times }) => [state, times])).toEqual([['resolved', 1]])
    await pageLevel(ann, number, 'L2')
    await outbox().sendDue()
    await move(ann, number, 'resolve')
    expect(await outbox().sendDue()).toBe(1)
    expect((await alerts()).map(({ state, times }) => [state, times])).toEqual([
      ['resolved', 1],
      ['resolved', 1],
    ])
  })

  it('by a merge ends its own pages, and leaves those of the other', async () => {
    const [{ ann, number }, other] = [await open(), await open('The same')]
    await pageLevel(ann, number)
    await pageLevel(other.ann, other.number, 'L2')
    await outbox().sendDue()
    await move(ann, number, 'merge', other.number)
    await outbox().sendDue()
    const ended = `page-${(await pages(number))[0]?.id}`
    expect((await alerts()).map(({ key, state }) => [key === ended, state]).toSorted()).toEqual([
      [false, 'open'],
      [true, 'resolved'],
    ])
  })
})

describe('while the pager is down', () => {
  it('an incident ends all the same; the open alert is seen, tried for minutes, and ended when the pager is back', async () => {
    const { ann, number } = await open()
    await pageLevel(ann, number)
    await outbox().sendDue()
    await fault().start('pagerduty', { status: 503 })
    await move(ann, number, 'resolve')
    expect((await readIncident(database().runner.prisma, 'lab', number)).status).toBe('resolved')
    for (let i = 0; i < 8; i++) {
      expect(await outbox().sendDue()).toBe(1)
      clock.now += 64_000
    }
    expect(await pages(number)).toMatchObject([
      { told: { tells: 'resolve', state: 'queued', says: expect.stringContaining('It is tried again.') } },
    ])
    expect((await alerts()).map(({ state }) => state)).toEqual(['open'])
    await fault().heal()
    await outbox().sendDue()
    expect((await alerts()).map(({ state, times }) => [state, times])).toEqual([['resolved', 1]])
  })

  it('for too long, the story says that the alert is open; the next end of the incident tries anew', async () => {
    const { ann, number } = await open()
    await pageLevel(ann, number)
    await outbox().sendDue()
    await fault().start('pagerduty', { status: 503 })
    await move(ann, number, 'resolve')
    while (await outbox().sendDue()) clock.now += 64_000
    expect((await pages(number))[0]?.told).toMatchObject({ tells: 'resolve', state: 'failed' })
    expect((await told(number))[0]).toMatch(
      /^The page to L1 may still be open in PagerDuty\..* Resolve it in PagerDuty manually\.$/,
    )
    await fault().heal()
    await move(ann, number, 'reopen')
    await move(ann, number, 'resolve')
    await outbox().sendDue()
    expect((await alerts()).map(({ state }) => state)).toEqual(['resolved'])
  })

  it('a page that never went out is withdrawn, and wakes nobody when the pager is back', async () => {
    const { ann, number } = await open()
    await pageLevel(ann, number)
    await move(ann, number, 'resolve')
    expect(await outbox().sendDue()).toBe(0)
    expect(await pages(number)).toMatchObject([{ state: 'withdrawn', told: null }])
    expect(await alerts()).toEqual([])
  })

  it('a page that a runner has in hand as the incident ends is ended after that runner can have opened it', async () => {
    const { ann, number } = await open()
    await pageLevel(ann, number)
    const [inHand] = await takeOutbox(database().runner.prisma, 'lab', start, 30_000)
    await move(ann, number, 'resolve')
    expect(await outbox().sendDue()).toBe(0)
    // It goes out late, and nobody writes that down any more: the runner died.
    if (inHand?.payload.channel !== 'pagerduty' || 'tells' in inHand.payload) throw new Error('no page')
    await createPagerduty(receivers().pagerduty).page(inHand.id, inHand.payload)
    clock.now = start + 31_000
    expect(await outbox().sendDue()).toBe(1)
    expect((await alerts()).map(({ state, times }) => [state, times])).toEqual([['resolved', 1]])
  })
})

describe('a page whose answers are lost', () => {
  it.each(['cut', 'garbage', 'empty'])(
    '(%s) opens one alert, is not called unsent, and is ended with its incident',
    async (how) => {
      const { ann, number } = await open()
      await pageLevel(ann, number)
      await fault(`receiver-reply-${how}`).start('pagerduty', { calls: 0 })
      while (await outbox().sendDue()) clock.now += 64_000
      expect(await pages(number)).toMatchObject([{ state: 'failed', inDoubt: true }])
      expect((await told(number))[0]).toMatch(/^The page to L1 was not confirmed by PagerDuty and may have arrived\./)
      expect((await alerts()).map(({ state, times }) => [state, times])).toEqual([['open', 5]])
      await fault(`receiver-reply-${how}`).heal()
      await move(ann, number, 'resolve')
      await outbox().sendDue()
      expect((await alerts()).map(({ state }) => state)).toEqual(['resolved'])
    },
  )

  it('and are refused for good afterwards still may have opened an alert', async () => {
    const { ann, number } = await open()
    await pageLevel(ann, number)
    await fault('receiver-reply-cut').start('pagerduty', { calls: 1 })
    await outbox().sendDue()
    await fault().start('pagerduty', { status: 400 })
    clock.now += 64_000
    await outbox().sendDue()
    expect(await pages(number)).toMatchObject([{ state: 'failed', attempts: 2, inDoubt: true }])
    await fault().heal()
    await move(ann, number, 'resolve')
    await outbox().sendDue()
    expect((await alerts()).map(({ state }) => state)).toEqual(['resolved'])
  })

  it('but that was refused each time is not ended at a pager that never had it', async () => {
    const { ann, number } = await open()
    await pageLevel(ann, number)
    await fault().start('pagerduty', { status: 400 })
    await outbox().sendDue()
    expect(await pages(number)).toMatchObject([{ state: 'failed', attempts: 1, inDoubt: false }])
    await move(ann, number, 'resolve')
    expect(await pages(number)).toMatchObject([{ told: null }])
  })
})

describe('an answer that is noted here', () => {
  it('reaches the pager, after the page itself', async () => {
    const { ann, number } = await open()
    await pageLevel(ann, number)
    await acknowledge(ann, { pageId: (await pages(number))[0]?.id ?? '' })
    await fault().start('pagerduty', { status: 503 })
    expect(await outbox().sendDue()).toBe(1)
    await fault().heal()
    expect(await outbox().sendDue()).toBe(0)
    clock.now += 60_000
    expect(await outbox().sendDue()).toBe(1)
    expect((await alerts()).map(({ state }) => state)).toEqual(['open'])
    expect(await outbox().sendDue()).toBe(1)
    expect((await alerts()).map(({ state }) => state)).toEqual(['acknowledged'])
    expect((await told(number))[0]).toBe('PagerDuty acknowledged the L1 page.')
  })
})
