// A link to the wall hangs on screens, in chats and in photographs. It ends by itself, when somebody revokes it, and with the
// right of whoever made it; and its token is never in what a browser sends as an address.
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import { describe, expect, inject, it } from 'vitest'
import { may, type Role, roles } from '../../domain/people/permissions'
import { mostWallLinks, wallLinkDays } from '../../domain/wall/link'
import { databaseUrl } from '../../store/prepare'
import { migrationsPath } from '../../store/schema-engine'
import { databasePerTest } from '../../store/testing/database'
import { addWallLink, listWallLinks, wallLinkOpensUntil } from '../../store/wall'
import type { CommandContext } from '../context'
import { changeRole } from '../people/change-role'
import { setDisabled } from '../people/set-disabled'
import { code, peopleOf, site } from '../testing/people-in-an-incident'
import { createWallLink, createWallLinkInput, revokeAllWallLinks, revokeWallLink } from './links'

const database = databasePerTest()
const people = peopleOf(database)
const dayMs = 86_400_000

const someone = async (role: Role, name?: string): Promise<CommandContext> => ({
  ...(await people.someone(role, name)),
  now: Date.now,
})
const make = async (context: CommandContext, input: object = {}) => {
  const { href, expiresAt } = await createWallLink(
    context,
    site,
    createWallLinkInput.parse({ label: 'Room 1', ...input }),
  )
  return { token: new URL(href).hash.replace('#link=', ''), href, expiresAt }
}
const opens = async (token: string, at = Date.now()) =>
  (await wallLinkOpensUntil(database().web.prisma, 'lab', token, at)) !== null
const recorded = async (kind: string) =>
  (await database().owner.prisma.recordEntry.findMany({ where: { kind }, orderBy: { n: 'asc' } })).map(
    ({ text }) => text,
  )

describe('a link to the wall', () => {
  it('carries its token in the fragment alone, and the store keeps a hash', async () => {
    const { token, href } = await make(await someone('responder'))
    expect(token).toMatch(/^[\w-]{43}$/)
    const { pathname, search } = new URL(href)
    expect(pathname + search).toBe('/wall')
    expect(JSON.stringify(await database().owner.prisma.wallLink.findMany())).not.toContain(token)
    expect([await opens(token), await opens(`${token}x`)]).toEqual([true, false])
  })

  it.each(wallLinkDays)('that was made for %i days opens the wall for so long and no longer', async (days) => {
    const { token, expiresAt } = await make(await someone('responder'), { days })
    expect(Math.abs(expiresAt - Date.now() - days * dayMs)).toBeLessThan(60_000)
    expect([await opens(token, expiresAt - 1), await opens(token, expiresAt)]).toEqual([true, false])
    expect(await listWallLinks(database().web.prisma, 'lab', expiresAt)).toEqual([])
  })

  it('expires after a week when nobody chose, and for ever cannot be chosen', () => {
    expect(createWallLinkInput.parse({ label: 'x' }).days).toBe(7)
    for (const days of [0, 365, 36_500, -1, 'never', null])
      expect(createWallLinkInput.safeParse({ label: 'x', days }).success).toBe(false)
  })

  it('ends when it is revoked, once', async () => {
    const ann = await someone('responder')
    const { token } = await make(ann)
    const [link] = await listWallLinks(database().web.prisma, 'lab', Date.now())
    const ended = await Promise.all([1, 2].map(() => code(revokeWallLink(ann, { id: link?.id ?? '' }))))
    expect(ended.toSorted()).toEqual(['conflict', 'done'])
    expect(await opens(token)).toBe(false)
  })

  it('is in the list however many there are, and all end by one act', async () => {
    const ann = await someone('responder')
    const { token } = await make(ann)
    const at = Date.now()
    const by = { id: ann.person.id, name: ann.person.name }
    for (let i = 1; i < mostWallLinks; i++)
      await addWallLink(database().web.prisma, {
        environment: 'lab',
        id: `link-${i}`,
        token: `token-${i}`,
        label: `Room ${i}`,
        at,
        expiresAt: at + dayMs,
        by,
      })
    expect(await listWallLinks(database().web.prisma, 'lab', at)).toHaveLength(mostWallLinks)
    expect(await code(make(ann))).toBe('conflict')
    expect(await code(revokeAllWallLinks(await someone('viewer')))).toBe('not-allowed')
    expect(await revokeAllWallLinks(ann)).toEqual({ revoked: mostWallLinks })
    expect(await listWallLinks(database().web.prisma, 'lab', at)).toEqual([])
    expect([await opens(token), await opens('token-1')]).toEqual([false, false])
    expect(await code(revokeAllWallLinks(ann))).toBe('conflict')
  })
})

describe('the links of somebody whose account changes', () => {
  it.each(roles)('stand or end with the right to make links: role %s', async (role) => {
    const admin = await someone('admin', 'Sasha')
    const [ann, kai] = [await someone('commander', 'Ann'), await someone('responder', 'Kai')]
    const [{ token }, others] = [await make(ann), await make(kai)]
    await changeRole(admin, { accountId: ann.person.id, from: 'commander', to: role })
    expect([await opens(token), await opens(others.token)]).toEqual([may(role, 'declare'), true])
    // What has ended stays ended: the right that comes back makes new links.
    if (role !== 'commander') await changeRole(admin, { accountId: ann.person.id, from: role, to: 'commander' })
    expect(await opens(token)).toBe(may(role, 'declare'))
    expect(await recorded('wall.link-revoked')).toEqual(
      may(role, 'declare') ? [] : ['1 wall link of Ann revoked: this account may no longer make wall links.'],
    )
  })

  it('end when it is disabled, and stay ended when it is enabled again', async () => {
    const admin = await someone('admin', 'Sasha')
    const ann = await someone('commander', 'Ann')
    const made = [await make(ann), await make(ann, { days: 90 })]
    await setDisabled(admin, { accountId: ann.person.id, disabled: true })
    const open = () => Promise.all(made.map(({ token }) => opens(token)))
    expect(await open()).toEqual([false, false])
    expect(await recorded('wall.link-revoked')).toEqual([
      '2 wall links of Ann revoked: this account may no longer make wall links.',
    ])
    await setDisabled(admin, { accountId: ann.person.id, disabled: false })
    expect(await open()).toEqual([false, false])
  })

  it('made at the very moment of the change open nothing either', async () => {
    const ann = await someone('responder', 'Ann')
    await database().owner.prisma.account.update({ where: { id: ann.person.id }, data: { role: 'viewer' } })
    // The request had read the role before; the store reads it again.
    expect(await code(make(ann))).toBe('not-allowed')
  })
})

it('links of a store that was made before expire 30 days after it was migrated', async () => {
  const name = `before_${randomBytes(4).toString('hex')}`
  const admin = new Client({ connectionString: inject('postgresAdminUrl') })
  await admin.connect()
  await admin.query(`CREATE DATABASE ${name}`)
  const before = new Client({ connectionString: databaseUrl(inject('postgresAdminUrl'), name) })
  await before.connect()
  try {
    const all = readdirSync(migrationsPath, { withFileTypes: true }).filter((entry) => entry.isDirectory())
    const names = all.map((entry) => entry.name).toSorted()
    const ours = names.findIndex((one) => one.endsWith('_wall_links_expire'))
    const apply = (one: string) => before.query(readFileSync(join(migrationsPath, one, 'migration.sql'), 'utf8'))
    for (const one of names.slice(0, ours)) await apply(one)
    await before.query(`INSERT INTO wall_link (id, token_hash, label, created_at, created_by_id, created_by_name)
      VALUES ('old', 'hash', 'Room 1', '2026-01-01', 'ann', 'Ann')`)
    await apply(names[ours] ?? '')
    const { rows } = await before.query(
      'SELECT extract(epoch FROM expires_at - clock_timestamp()) / 86400 AS days FROM wall_link',
    )
    expect(Number(rows[0]?.days)).toBeCloseTo(30, 1)
  } finally {
    await before.end()
    await admin.query(`DROP DATABASE ${name} WITH (FORCE)`)
    await admin.end()
  }
})
