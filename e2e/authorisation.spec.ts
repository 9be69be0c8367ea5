/*
 * Everything that can be asked for, asked over the wire by everybody: by nobody, by strangers with cookies of all kinds, and by
 * a person of each role. What there is comes from the build itself, so that a new page, route or action that nobody thought
 * about fails here.
 */
import { expect } from '@playwright/test'
import { may, type Role } from '../lib/domain/people/permissions'
import { wallCookie } from '../lib/web/cookies'
import { test } from './test'
import { built, filled } from './wire/built'
import { actions, type Opens, pages, routes } from './wire/endpoints'
import { type ActionAnswer, act, ask, each, site } from './wire/http'
import { asOwner, everybody } from './wire/people'

/** Opens forever: read until its head has come. */
const streams = new Set(['/api/live'])
const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

/** A screen on a wall: no person, and nothing but the wall is open to it. */
const screen = 'a screen with a wall link'
const mayOpen = (who: string, role: Role | null, opens: Opens): boolean => {
  switch (opens) {
    case 'anybody':
      return true
    case 'webhook':
    case 'own-page':
      return false // proved by what is sent, never by a session
    case 'wall':
      return role !== null || who === screen
    default:
      return role !== null && may(role, opens)
  }
}

let cookies: [who: string, role: Role | null, cookie: string][]
test.beforeAll(async () => {
  const { strangers, people } = await everybody()
  const makeLink = built().actions.find(({ name }) => name === 'incidents/actions.ts wallLinkAction')
  if (!makeLink) throw new Error('wallLinkAction is not built')
  const made = await act(makeLink, { label: 'A screen', days: 1 }, { cookie: people.get('admin') ?? '' })
  const token = /#link=([\w-]{43})/.exec(made.body)?.[1] ?? ''
  cookies = [
    [screen, null, `${wallCookie(site)}=${token}`],
    ...[...strangers].map(([who, cookie]) => [who, null, cookie] as [string, null, string]),
    ...[...people].map(([role, cookie]) => [role, role, cookie] as [string, Role, string]),
  ]
})

test('the table names every page, route and action of the build, and nothing else', () => {
  const own = built()
  expect(Object.keys(pages).toSorted()).toEqual(own.pages.toSorted())
  expect(Object.keys(routes).toSorted()).toEqual([...own.routes, '/api/live'].toSorted())
  expect(Object.keys(actions).toSorted()).toEqual(own.actions.map(({ name }) => name).toSorted())
})

test('a page leads everybody to the sign-in page who may not see it, and back afterwards', async () => {
  test.setTimeout(120_000)
  const asked = Object.entries(pages).flatMap(([page, opens]) => cookies.map((by) => ({ page, opens, by })))
  const wrong = await each(asked, async ({ page, opens, by: [who, role, cookie] }) => {
    const path = filled(page)
    const { status, headers, body } = await ask(path, { headers: { cookie } })
    const away =
      status === 307 && headers.location === `/sign-in${path === '/' ? '' : `?next=${encodeURIComponent(path)}`}`
    // Runs are listed beside the procedures.
    const beside = page === '/runs' && status === 308 && headers.location === '/procedures'
    const shown = beside || status === 200 || status === 404 || (page === '/_global-error' && status === 500)
    // The wall is open to anybody, and empty for strangers.
    if (page === '/wall' && body.includes('castmatch-prod') !== (role !== null || who === screen))
      return [`${who} ${path}: ${body.includes('castmatch-prod') ? 'shows' : 'does not show'} the cluster`]
    // Whoever is signed in has nothing to do on the sign-in page, and nobody of these has to choose a password.
    const right =
      page === '/choose-password' || (page === '/sign-in' && role !== null)
        ? status === 307 && headers.location === '/'
        : mayOpen(who, role, opens)
          ? shown
          : away && !body.includes('castmatch-prod')
    return right ? [] : [`${who} ${path}: ${status} ${headers.location ?? ''}`]
  })
  expect(wrong.flat()).toEqual([])
})

test('the audit trail is for admins, also as a page', async () => {
  for (const [who, role, cookie] of cookies.filter(([, role]) => role !== null)) {
    const { body } = await ask('/settings/audit', { headers: { cookie } })
    expect(body.includes('This needs an admin.'), who).toBe(role !== 'admin')
  }
})

test('a route answers whoever may ask, and nobody else, and by no other method', async () => {
  test.setTimeout(120_000)
  const asked = Object.entries(routes)
    .filter(([route]) => route !== '/api/auth/[...nextauth]')
    .flatMap(([route, open]) =>
      methods.flatMap((method) => {
        const opens = method === 'GET' || method === 'POST' ? open[method] : undefined
        // A method that is not there is not there for anybody; two of them stand for all.
        const by = opens ? cookies : cookies.filter(([who]) => who === 'nobody' || who === 'admin')
        return by.map((one) => ({ route, method, opens, by: one }))
      }),
    )
  const wrong = await each(asked, async ({ route, method, opens, by: [who, role, cookie] }) => {
    const path = filled(route)
    const { status } =
      streams.has(route) && mayOpen(who, role, opens ?? 'own-page') && method === 'GET'
        ? { status: 200 } // its stream has a test of its own
        : await ask(path, {
            method,
            headers: { cookie, ...(method === 'GET' ? {} : { origin: site, 'content-type': 'application/json' }) },
            ...(method === 'GET' ? {} : { body: '{}' }),
          })
    const answered = (allowed: readonly number[]) =>
      allowed.includes(status) ? [] : [`${who} ${method} ${path}: ${status}`]
    if (opens === undefined) return answered([405])
    if (mayOpen(who, role, opens)) return answered(route === '/api/export/999999' ? [200, 404, 503] : [200, 400, 404])
    if (route === '/api/preflights') return [] // an action's answer: below
    return answered(role === null || opens === 'webhook' || opens === 'own-page' ? [401] : [403])
  })
  expect(wrong.flat()).toEqual([])
})

test('the live feed is for those who are signed in', async () => {
  for (const [who, role, cookie] of cookies) {
    const answer = await ask('/api/live', { headers: { cookie }, atMostMs: 700 }).then(
      ({ status }) => status,
      () => 'goes on',
    )
    expect(answer, who).toBe(role === null ? 401 : 'goes on')
  }
})

/** What an answer says about whether this person may. */
const verdict = ({ result, status }: Pick<ActionAnswer, 'result' | 'status'>): string =>
  result === null
    ? `no answer (${status})`
    : result.ok
      ? 'may'
      : ({ 'not-signed-in': 'signed out', 'not-allowed': 'may not' }[result.error.code] ?? 'may')

test('an action is done for whoever may, and for nobody else', async () => {
  test.setTimeout(120_000)
  const ids = new Map(built().actions.map((action) => [action.name, action]))
  const asked = Object.entries(actions).flatMap(([name, { opens, input }]) =>
    cookies.map((by) => ({ name, opens, input, by })),
  )
  const before = await asOwner(
    async (owner) => (await owner.query('SELECT count(*)::int AS n FROM record_entry')).rows[0]?.n as number,
  )
  // Strangers first: what they did would be in the record.
  const wrong: string[] = []
  const check = async ({ name, opens, input, by: [who, role, cookie] }: (typeof asked)[number]) => {
    const action = ids.get(name)
    if (!action) throw new Error(`${name} is not built`)
    const says = verdict(await act(action, input, { cookie }))
    const right = role === null ? 'signed out' : may(role, opens) ? 'may' : 'may not'
    if (says !== right) wrong.push(`${who} ${name}: ${says}, should be: ${right}`)
  }
  await each(
    asked.filter(({ by: [, role] }) => role === null),
    check,
  )
  await each(
    asked.filter(({ by: [, role], opens }) => role !== null && !may(role, opens)),
    check,
  )
  expect(wrong).toEqual([])
  const after = await asOwner(
    async (owner) =>
      (await owner.query(`SELECT text FROM record_entry WHERE n > $1 AND actor LIKE '%"kind": "person"%'`, [before]))
        .rows,
  )
  expect(after).toEqual([])
  await each(
    asked.filter(({ by: [, role], opens }) => role !== null && may(role, opens)),
    check,
  )
  expect(wrong).toEqual([])
})

test('an action takes no control character, whatever it is about', async () => {
  const cookie = cookies.find(([who]) => who === 'admin')?.[2] ?? ''
  // That one is for sessions of which the cookies here have none.
  const others = built().actions.filter(({ name }) => name !== 'choose-password/actions.ts choosePasswordAction')
  const wrong = await each(others, async (action) => {
    const answer = await act(
      action,
      { ...(actions[action.name]?.input as object), more: { text: 'a\u0000b' } },
      { cookie },
    )
    const fields = answer.result?.ok === false ? answer.result.error.fields : null
    return fields?.['more.text'] ? [] : [`${action.name}: ${JSON.stringify(answer.result)}`]
  })
  expect(wrong.flat()).toEqual([])
})

test('the preflights’ own route is guarded as the action is', async () => {
  for (const [who, role, cookie] of cookies) {
    const { status, body } = await ask('/api/preflights', {
      method: 'POST',
      headers: { cookie, origin: site, 'content-type': 'application/json' },
      body: JSON.stringify(actions['procedures/[slug]/actions.ts checkAction']?.input),
    })
    const result = JSON.parse(body) as ActionAnswer['result']
    expect(verdict({ result, status }), who).toBe(role === null ? 'signed out' : 'may')
  }
})
