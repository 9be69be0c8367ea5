import { createHash } from 'node:crypto'
import type { WallLinkView } from '../domain/incident/view'
import type { PersonRef } from '../domain/run/view'
import type { Db } from './client'

const hashOf = (token: string): string => createHash('sha256').update(`wall ${token}`).digest('hex')

export async function addWallLink(
  tx: Db,
  link: { environment: string; id: string; token: string; label: string; at: number; by: PersonRef },
): Promise<void> {
  await tx.wallLink.create({
    data: {
      environment: link.environment,
      id: link.id,
      tokenHash: hashOf(link.token),
      label: link.label,
      createdAt: new Date(link.at),
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

export async function listWallLinks(db: Db, environment: string): Promise<WallLinkView[]> {
  const rows = await db.wallLink.findMany({
    where: { environment, revokedAt: null },
    orderBy: { createdAt: 'desc' },
    take: 50,
  })
  return rows.map((row) => ({
    id: row.id,
    label: row.label,
    createdAt: row.createdAt.getTime(),
    createdBy: { id: row.createdById, name: row.createdByName },
    lastUsedAt: row.lastUsedAt?.getTime() ?? null,
    revokedAt: null,
  }))
}

/** Does this token open the wall of this environment? Notes its use once a minute. */
export async function wallLinkStands(db: Db, environment: string, token: string, now: number): Promise<boolean> {
  const row = await db.wallLink.findUnique({ where: { tokenHash: hashOf(token) } })
  if (!row || row.environment !== environment || row.revokedAt) return false
  if (!row.lastUsedAt || now - row.lastUsedAt.getTime() > 60_000)
    await db.wallLink.updateMany({ where: { id: row.id }, data: { lastUsedAt: new Date(now) } })
  return true
}
