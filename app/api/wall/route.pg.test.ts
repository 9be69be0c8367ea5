/*
 * A wall hangs where anybody may stand before it, and its link may be photographed. Whoever has the link gets what the wall
 * shows and nothing else; when the link is ended they get nothing at the next look, and the store's absence opens nothing.
 */
import { randomUUID } from 'node:crypto'
import { beforeEach, expect, it, vi } from 'vitest'
import type { CommandContext } from '@/lib/commands/context'
import { showAccount } from '@/lib/commands/escalation/page'
import { peopleOf } from '@/lib/commands/testing/people-in-an-incident'
import { signedIn } from '@/lib/commands/testing/signed-in'
import { createWallLink, revokeWallLink } from '@/lib/commands/wall/links'
import { ExpectedError } from '@/lib/domain/errors'
import { canary, snapshotWithCanaries, takenAt } from '@/lib/domain/wall/testing/snapshot'
import type { WallView } from '@/lib/domain/wall/view'
import { databasePerTest } from '@/lib/store/testing/database'
import { wallAccess } from '@/lib/web/wall-access'

const lag = { seconds: [0.4], bytes: [31] }
const history = {
  fromMs: takenAt,
  toMs: takenAt,
  stepMs: 1000,
  at: [takenAt],
  series: { 'castmatch-prod-replica-1': lag },
  marks: [{ at: takenAt, kind: 'event', text: canary }],
}
let session: object | null = null
const site = 'https://warroom.example'
vi.mock('server-only', () => ({}))
vi.mock('@/lib/web/env', () => ({
  webEnv: () => ({
    NEXTAUTH_URL: site,
    environment: { name: 'lab', kind: 'lab', policy: { twoPersons: true }, integrations: {} },
  }),
}))
vi.mock('@/lib/web/session', () => ({ currentSession: async () => session }))
vi.mock('@/lib/web/hub', () => ({
  liveHub: () => ({ snapshot: () => snapshotWithCanaries(), history: async () => history }),
}))

const database = databasePerTest()
const { open: declareAs } = peopleOf(database)
let wall: (request: Request) => Promise<Response>
let lagOfWall: (request: Request) => Promise<Response>
let openBy: (request: Request) => Promise<Response>
beforeEach(async () => {
  session = null
  vi.resetModules()
  Object.assign(globalThis, { warroomStore: database().web, warroomWall: undefined })
  wall = (await import('./route')).GET
  lagOfWall = (await import('./history/route')).GET
  openBy = (await import('./link/route')).POST
})

/** One look of a screen that holds the cookie of a link, or none. */
const look = (link: string | null, get = wall) =>
  get(
    new Request(`${site}/api/wall`, {
      headers: link === null ? {} : { cookie: `theme=dark; __Host-warroom-wall=${link}` },
    }),
  )
const send = (token: unknown, headers: Record<string, string> = { origin: site, host: 'warroom.example' }) =>
  openBy(new Request(`${site}/api/wall/link`, { method: 'POST', headers, body: JSON.stringify({ token }) }))
const commander = (): Promise<CommandContext> =>
  signedIn(
    database(),
    { login: `dba-${randomUUID()}@castmatch.com`, name: 'Robin Doe', role: 'admin' },
    { name: 'lab', kind: 'lab' },
  )
async function linkOf(context: CommandContext): Promise<string> {
  const { href } = await createWallLink(context, site, { label: 'Room 1', days: 7 })
  return new URL(href).hash.replace('#link=', '')
}
const open = (context: CommandContext, over: Parameters<typeof declareAs>[1] = {}) =>
  declareAs(context, { impactStartedAt: Date.now() - 60_000, commanderId: context.person.id, ...over })

it('a link opens the wall and its chart, and what they say holds nothing but what is shown', async () => {
  const robin = await commander()
  const { number } = await open(robin)
  // Whoever opens an account number writes an entry; the wall must not tell the number.
  await showAccount(robin, { service: 'AWS Support' })
  const link = await linkOf(robin)
  const answers = await Promise.all([look(link), look(link, lagOfWall)])
  expect(answers.map(({ status }) => status)).toEqual([200, 200])
  const texts = await Promise.all(answers.map((answer) => answer.text()))
  const { wall: view } = JSON.parse(texts[0] ?? '') as { wall: WallView }
  expect(view.incident).toMatchObject({ number, clocks: { impactStartedAt: expect.any(Number) } })
  expect(view.incident?.roles.map(({ holder }) => holder)).toContain('Robin Doe')
  for (const text of texts) {
    expect(text).not.toContain(link)
    expect(text).not.toMatch(/canary|@castmatch\.com|\b\d{9,12}\b|DD-67890|PD-12345|\+1-555|postgres:\/\//)
    expect(text).not.toContain(robin.person.id)
    expect(text).not.toContain(robin.sessionId)
  }
  expect(JSON.parse(texts[1] ?? '')).toMatchObject({ seconds: { 'castmatch-prod-replica-1': [0.4] } })
  expect(texts[1]).not.toContain('bytes')
})

it('nobody without a link or a session gets in, and an ended link is refused at its next look', async () => {
  const robin = await commander()
  const link = await linkOf(robin)
  const refused = async (token: string | null) =>
    (await Promise.all([look(token), look(token, lagOfWall)])).map(({ status }) => status)
  for (const token of [null, '', 'x', `${link}x`, link.slice(1), 'y'.repeat(5000)])
    expect(await refused(token)).toEqual([401, 401])
  expect(await refused(link)).toEqual([200, 200])
  const [row] = await database().web.prisma.wallLink.findMany()
  await revokeWallLink(robin, { id: row?.id ?? '' })
  expect(await refused(link)).toEqual([401, 401])
  session = {}
  expect(await refused(null)).toEqual([200, 200])
})

it('a link is exchanged for a cookie that no script reads and that ends with the link', async () => {
  const link = await linkOf(await commander())
  const answer = await send(link)
  expect([answer.status, await answer.text()]).toEqual([204, ''])
  const [cookie = '', ...more] = answer.headers.getSetCookie()
  expect(more).toEqual([])
  expect(cookie).toMatch(
    /^__Host-warroom-wall=[\w-]{43}; Path=\/; Expires=[^;]+ GMT; HttpOnly; SameSite=Strict; Secure$/,
  )
  const expires = Date.parse(/Expires=([^;]+)/.exec(cookie)?.[1] ?? '')
  expect(Math.abs(expires - Date.now() - 7 * 86_400_000)).toBeLessThan(60_000)
  const held = /=([^;]+)/.exec(cookie)?.[1] ?? ''
  expect((await look(held)).status).toBe(200)
})

it('a token in the address opens nothing, and nothing but a link of ours becomes a cookie', async () => {
  const link = await linkOf(await commander())
  for (const get of [wall, lagOfWall])
    expect((await get(new Request(`${site}/api/wall?link=${link}`))).status).toBe(401)
  for (const token of [`${link}x`, '', null, 7, `${link}; Path=/`, 'y'.repeat(5000)]) {
    const answer = await send(token)
    expect([answer.status, answer.headers.getSetCookie()]).toEqual([401, []])
  }
  const forged: Record<string, string>[] = [
    {},
    { host: 'warroom.example' },
    { origin: 'null', host: 'warroom.example' },
    { origin: 'https://evil.example', host: 'warroom.example' },
    { origin: 'https://evil.example', host: 'evil.example', 'x-forwarded-host': 'warroom.example' },
  ]
  for (const headers of forged) expect((await send(link, headers)).status).toBe(403)
})

it('the gravest of several incidents is shown and the others are spoken of; another environment is not', async () => {
  const robin = await commander()
  const link = await linkOf(robin)
  const drill = await open(robin, { kind: 'drill' })
  const light = await open(robin, { severity: 'SEV2' })
  const grave = await open(robin)
  await open({ ...robin, environment: { name: 'staging', kind: 'staging' } })
  const { wall: view } = (await (await look(link)).json()) as { wall: WallView }
  expect(view.incident?.number).toBe(grave.number)
  expect(view.others.map(({ number }) => number)).toEqual([light.number, drill.number])
})

it('a quiet board says what the record knows, and null where it knows nothing', async () => {
  const robin = await commander()
  const { wall: view } = (await (await look(await linkOf(robin))).json()) as { wall: WallView }
  expect(view.incident).toBeNull()
  expect(view.readiness).toMatchObject({
    lastProvedRestoreAt: null,
    nextDrillAt: null,
    lastDrill: null,
    lastIncident: null,
    onCall: { role: 'On-call engineer', reachable: true },
  })
})

it('while the store is away a link that was seen to stand goes on for hours, and no other begins to', async () => {
  const robin = await commander()
  const [seen, unseen] = [await linkOf(robin), await linkOf(robin)]
  let away = false
  let now = Date.now()
  const { prisma } = database().web
  const stands = wallAccess(
    {
      get prisma() {
        if (away) throw new ExpectedError('store-unavailable', 'The store does not respond.')
        return prisma
      },
    },
    'lab',
    () => now,
  )
  expect(await stands(seen)).toBeGreaterThan(now)
  away = true
  now += 3_600_000
  expect([await stands(seen), await stands(unseen), await stands(null)]).toEqual([expect.any(Number), null, null])
  now += 4 * 3_600_000
  expect(await stands(seen)).toBeNull()
})
