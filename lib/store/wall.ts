import { createHash } from 'node:crypto'
import type { WallLinkView } from '../domain/incident/view'
import type { Role } from '../domain/people/permissions'
import type { PersonRef } from '../domain/people/person'
import { wallLinkOpens } from '../domain/wall/link'
import type { Db } from './client'

const hashOf = (token: string): string => createHash('sha256').update(`wall ${token}`).digest('hex')
const standing = (now: number) => ({ revokedAt: null, expiresAt: { gt: new Date(now) } })

export async function addWallLink(
  tx: Db,
  link: {
    environment: string
    id: string
    token: string
    label: string
    at: number
    expiresAt: number
    by: PersonRef
  },
): Promise<void> {
  await tx.wallLink.create({
    data: {
      environment: link.environment,
      id: link.id,
      tokenHash: hashOf(link.token),
      label: link.label,
      createdAt: new Date(link.at),
      expiresAt: new Date(link.expiresAt),
      createdById: link.by.id,
      createdByName: link.by.name,
    },
  })
}

/** Null when it was revoked before. */
export async function revokeWallLink(
  tx: Db,
  environment: string,
  id: string,
  now: number,
): Promise<{ label: string } | null> {
  const { count } = await tx.wallLink.updateMany({
    where: { id, environment, revokedAt: null },
    data: { revokedAt: new Date(now) },
  })
  return count ? await tx.wallLink.findUnique({ where: { id }, select: { label: true } }) : null
}

/** Revokes every link of an environment that stands; returns how many those were. */
export async function revokeAllWallLinks(tx: Db, environment: string, now: number): Promise<number> {
  const where = { environment, ...standing(now) }
  return (await tx.wallLink.updateMany({ where, data: { revokedAt: new Date(now) } })).count
}

export const countWallLinks = (db: Db, environment: string, now: number): Promise<number> =>
  db.wallLink.count({ where: { environment, ...standing(now) } })

/** All links of an environment that are neither revoked nor expired, newest first. */
export async function listWallLinks(db: Db, environment: string, now: number): Promise<WallLinkView[]> {
  const where = { environment, ...standing(now) }
  const rows = await db.wallLink.findMany({ where, orderBy: { createdAt: 'desc' } })
  return rows.map((row) => ({
    id: row.id,
    label: row.label,
    createdAt: row.createdAt.getTime(),
    createdBy: { id: row.createdById, name: row.createdByName },
    expiresAt: row.expiresAt.getTime(),
    lastUsedAt: row.lastUsedAt?.getTime() ?? null,
  }))
}

interface OpeningRow {
  id: string
  expires_at: Date
  revoked_at: Date | null
  last_used_at: Date | null
  role: Role | null
  disabled_at: Date | null
}

/** Until when this token opens the wall of this environment, ms; null when it does not. Notes its use once a minute. */
export async function wallLinkOpensUntil(
  db: Db,
  environment: string,
  token: string,
  now: number,
): Promise<number | null> {
  const [row] = await db.$queryRaw<OpeningRow[]>`
    SELECT w.id, w.expires_at, w.revoked_at, w.last_used_at, a.role::text AS role, a.disabled_at
    FROM wall_link w LEFT JOIN account a ON a.id::text = w.created_by_id WHERE w.token_hash = ${hashOf(token)} AND w.environment = ${environment}`
  if (!row) return null
  const expiresAt = row.expires_at.getTime()
  const opens = wallLinkOpens(
    {
      expiresAt,
      revokedAt: row.revoked_at?.getTime() ?? null,
      creator: row.role && { role: row.role, disabledAt: row.disabled_at?.getTime() ?? null },
    },
    now,
  )
  if (!opens) return null
  if (!row.last_used_at || now - row.last_used_at.getTime() > 60_000)
    await db.wallLink.updateMany({ where: { id: row.id }, data: { lastUsedAt: new Date(now) } })
  return expiresAt
}
