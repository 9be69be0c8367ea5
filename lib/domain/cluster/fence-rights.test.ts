import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type FenceRights, type FenceRoleRights, fenceGaps, formatFenceGaps } from './fence-rights'

const role = (more: Partial<FenceRoleRights> = {}): FenceRoleRights => ({
  name: 'app',
  exists: true,
  superuser: false,
  replication: false,
  admin: true,
  endsSessions: true,
  ...more,
})
const rights = (major: number, roles: FenceRoleRights[], more: Partial<FenceRights> = {}): FenceRights => ({
  user: 'recovery',
  superuser: false,
  createRole: true,
  version: `${major}.3`,
  major,
  database: 'd',
  owner: 'owner',
  ownsDatabase: true,
  roles,
  ...more,
})
const remedies = (of: FenceRights) => fenceGaps(of, ['app', 'jobs']).map((g) => g.remedy)

describe('the rights of a fence', () => {
  test.each([16, 17, 18])('include ADMIN OPTION on each application role on PostgreSQL %i', (major) => {
    const of = rights(major, [
      role({ admin: false }),
      role({ name: 'jobs' }),
      role({ name: 'collector', admin: false }),
    ])
    expect(remedies(of)).toEqual(['GRANT "app" TO "recovery" WITH ADMIN OPTION'])
    expect(formatFenceGaps(of, fenceGaps(of, ['app', 'jobs']))).toBe(
      `PostgreSQL ${major}.3 would refuse a part of the fence: recovery may not alter app. Run: GRANT "app" TO "recovery" WITH ADMIN OPTION;`,
    )
  })

  test('are CREATEROLE alone on PostgreSQL 15, but for roles that replicate', () => {
    expect(remedies(rights(15, [role({ admin: false })]))).toEqual([])
    expect(remedies(rights(15, [role({ replication: true })]))).toEqual(['ALTER ROLE "app" NOREPLICATION'])
    expect(remedies(rights(16, [role({ replication: true })]))).toEqual([])
    expect(remedies(rights(15, [role()], { createRole: false }))).toEqual(['ALTER ROLE "recovery" CREATEROLE'])
  })

  test('include the database and the sessions of every role that is ended', () => {
    expect(remedies(rights(17, [role()], { ownsDatabase: false }))).toEqual(['GRANT "owner" TO "recovery"'])
    const of = rights(17, [role({ endsSessions: false }), role({ name: 'collector', endsSessions: false })])
    expect(fenceGaps(of, ['app']).map((g) => g.of)).toEqual(['app', 'collector'])
    // The same statement mends both.
    expect(formatFenceGaps(of, fenceGaps(of, ['app'])).match(/GRANT pg_signal_backend/g)).toHaveLength(1)
  })

  test('name a role that is not there or is a superuser, which no GRANT mends', () => {
    const of = rights(17, [role({ exists: false, admin: false }), role({ name: 'jobs', superuser: true })])
    expect(fenceGaps(of, ['app', 'jobs']).map((g) => [g.of, g.remedy])).toEqual([
      ['app', null],
      ['jobs', null],
    ])
  })

  test('are whole only when nothing that the server would refuse is left', () => {
    const anyRole = fc.record({
      name: fc.constantFrom('app', 'jobs', 'collector'),
      exists: fc.boolean(),
      superuser: fc.boolean(),
      replication: fc.boolean(),
      admin: fc.boolean(),
      endsSessions: fc.boolean(),
    })
    fc.assert(
      fc.property(
        fc.constantFrom(15, 16, 17, 18),
        fc.uniqueArray(anyRole, { selector: (r) => r.name }),
        fc.boolean(),
        fc.boolean(),
        (major, roles, createRole, ownsDatabase) => {
          const whole = fenceGaps(rights(major, roles, { createRole, ownsDatabase }), ['app', 'jobs']).length === 0
          const mayAlter = (r: FenceRoleRights) => (major >= 16 ? r.admin : !r.replication)
          expect(whole).toBe(
            createRole &&
              ownsDatabase &&
              roles.every((r) => r.exists && !r.superuser && r.endsSessions && (r.name === 'collector' || mayAlter(r))),
          )
        },
      ),
    )
  })
})
