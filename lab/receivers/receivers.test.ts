/*
 * The lab's pager, chat and status page, met by the same clients that meet the real ones.
 */
import { describe, expect, it } from 'vitest'
import { createPagerduty } from '../../lib/adapters/pagerduty/index'
import { createSlack } from '../../lib/adapters/slack/index'
import { createStatusPage } from '../../lib/adapters/status-page/index'
import { spoils } from '../faults/spoilt-reply'
import { receiversPerTest } from './testing'

const token = 'a token of this test, long enough to be one'
const { receivers, fault, messages, webhook, url } = receiversPerTest(token)
const answerPage = () => fetch(`${url()}/lab/answer-page`, { method: 'POST', headers: { 'x-lab-token': token } })
const page = {
  channel: 'pagerduty',
  level: 'L1',
  summary: 'INC-1 SEV1: please join',
  severity: 'critical',
  incident: 'INC-1',
  link: 'https://warroom.example/incidents/1',
} as const

it('a page is kept once under its key, is answered once, and its answer comes back signed', async () => {
  const pager = createPagerduty(receivers().pagerduty)
  expect(await pager.page('page-7', page)).toEqual({ reference: 'page-7' })
  await pager.page('page-7', page)
  expect(await messages()).toMatchObject([{ service: 'pagerduty', key: 'page-7', text: page.summary, times: 2 }])
  expect((await answerPage()).status).toBe(200)
  expect(webhook()[0]?.signature).toMatch(/^v1=[0-9a-f]{64}$/)
  expect(JSON.parse(webhook()[0]?.body ?? '')).toMatchObject({
    event: { event_type: 'incident.acknowledged', data: { incident_key: 'page-7' } },
  })
  expect((await answerPage()).status).toBe(409)
  await pager.resolve('page-7')
  expect(await messages()).toMatchObject([{ state: 'resolved' }])
  // What is solved is not taken any more.
  await pager.acknowledge('page-7')
  expect(await messages()).toMatchObject([{ state: 'resolved' }])
})

it('a message and an update are kept, and strangers are refused', async () => {
  const said = await createSlack(receivers().slack).say('k', { text: 'back & well', link: null, title: 'INC-1' })
  expect(said.reference).toMatch(/^\d+\.\d+$/)
  const told = await createStatusPage(receivers().statusPage).say('u-1', { text: 'On it', link: null, title: 'Down' })
  expect(told.reference).toBe('u-1')
  expect((await messages()).map(({ service, text }) => [service, text])).toEqual([
    ['slack', 'back &amp; well'],
    ['status-page', 'On it'],
  ])
  const stranger = createSlack({ ...receivers().slack, token: 'xoxb-other' })
  await expect(stranger.say('k', { text: 'x', link: null, title: 'x' })).rejects.toThrow('invalid_auth')
  await expect(createPagerduty({ ...receivers().pagerduty, routingKey: 'other' }).page('k', page)).rejects.toThrow(
    '400',
  )
  expect((await fetch(`${url()}/lab/messages`)).status).toBe(401)
})

it('each can be made to refuse, alone, and be healed', async () => {
  const pager = createPagerduty(receivers().pagerduty)
  await fault().start('pagerduty', { status: 503 })
  await expect(pager.page('k', page)).rejects.toMatchObject({ errorClass: 'transient' })
  await createSlack(receivers().slack).say('k', { text: 'x', link: null, title: 'x' })
  await fault().heal()
  await pager.page('k', page)
  expect((await messages()).map(({ service }) => service)).toEqual(['slack', 'pagerduty'])
  await expect(fault().start('pagerduty', { status: 200 })).rejects.toThrow('from 400 to 599')
})

describe.each(spoils)('a reply that is $title', ({ how }) => {
  const senders = [
    ['pagerduty', () => createPagerduty(receivers().pagerduty).page('k', page)],
    ['slack', () => createSlack(receivers().slack).say('k', { text: 'x', link: null, title: 'x' })],
    ['status-page', () => createStatusPage(receivers().statusPage).say('k', { text: 'x', link: null, title: 'x' })],
  ] as const

  it.each(senders)('leaves a message that %s took in doubt, once', async (service, send) => {
    await fault(`receiver-reply-${how}`).start(service, { calls: 1 })
    // A webhook of the status page may answer nothing: that is no doubt.
    if (service === 'status-page' && how === 'empty') expect(await send()).toEqual({ reference: null })
    else await expect(send()).rejects.toMatchObject({ detail: { outcome: 'unknown' } })
    expect(fault(`receiver-reply-${how}`).holds?.()).toBe(false)
    await send()
    // Slack knows no key by which it would recognise a repeat.
    expect((await messages()).map((one) => [one.service, one.times])).toEqual(
      service === 'slack'
        ? [
            [service, 1],
            [service, 1],
          ]
        : [[service, 2]],
    )
  })
})
