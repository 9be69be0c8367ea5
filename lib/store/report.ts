import { conflict } from '../domain/errors'
import type { ReportActionView, ReportSectionView } from '../domain/incident/view'
import type { PersonRef } from '../domain/people/person'
import type { ReportSectionVersion } from '../domain/report/view'
import type { Db } from './client'

type StoredSection = Pick<ReportSectionView, 'text' | 'version' | 'savedAt' | 'savedBy'> & { key: string }

/** Newest version of each section. */
export async function readSections(db: Db, number: number): Promise<StoredSection[]> {
  const rows = await db.reportSection.findMany({
    where: { number },
    orderBy: [{ key: 'asc' }, { version: 'desc' }],
    distinct: ['key'],
  })
  return rows.map((row) => ({
    key: row.key,
    text: row.text,
    version: row.version,
    savedAt: row.savedAt.getTime(),
    savedBy: { id: row.byId, name: row.byName },
  }))
}

/** Every version of a section, newest first; of very many the newest. */
export async function listSectionVersions(db: Db, number: number, key: string): Promise<ReportSectionVersion[]> {
  const rows = await db.reportSection.findMany({ where: { number, key }, orderBy: { version: 'desc' }, take: 100 })
  return rows.map(({ version, text, savedAt, byId, byName }) => ({
    version,
    text,
    savedAt: savedAt.getTime(),
    savedBy: { id: byId, name: byName },
  }))
}

/**
 * Adds the next version of a section for who saw `version` (0 before the first). Throws ExpectedError 'conflict' naming
 * who was faster; nothing of either is lost.
 */
export async function saveSection(
  tx: Db,
  number: number,
  key: string,
  section: { version: number; text: string; at: number; by: PersonRef },
): Promise<number> {
  const next = section.version + 1
  const rows = await tx.$queryRaw<{ version: number }[]>`
    INSERT INTO report_section (number, key, version, text, saved_at, by_id, by_name)
    SELECT ${number}, ${key}, ${next}, ${section.text}, ${new Date(section.at)}, ${section.by.id}, ${section.by.name}
    WHERE ${section.version} = COALESCE((SELECT max(version) FROM report_section WHERE number = ${number} AND key = ${key}), 0)
    ON CONFLICT DO NOTHING RETURNING version`
  if (rows.length === 0) {
    const newest = (await readSections(tx, number)).find((s) => s.key === key)
    throw conflict(
      `${newest?.savedBy?.name ?? 'Somebody'} has saved this section. Your text is kept: use theirs, or save again.`,
    )
  }
  return next
}

export async function listReportActions(db: Db, number: number): Promise<ReportActionView[]> {
  const rows = await db.reportAction.findMany({ where: { number }, orderBy: { id: 'asc' }, take: 100 })
  return rows.map((row) => ({
    id: row.id,
    title: row.title,
    owner: row.ownerId === null ? null : { id: row.ownerId, name: row.ownerName ?? '' },
    dueOn: row.dueOn,
    state: row.state as ReportActionView['state'],
    version: row.version,
  }))
}

export async function addReportAction(
  tx: Db,
  number: number,
  action: Omit<ReportActionView, 'version'>,
): Promise<void> {
  const { id, title, owner, dueOn, state } = action
  await tx.reportAction.create({
    data: { id, number, title, ownerId: owner?.id ?? null, ownerName: owner?.name ?? null, dueOn, state },
  })
}

/** Throws ExpectedError 'conflict' when somebody else changed it since `version`. */
export async function changeReportAction(tx: Db, number: number, action: ReportActionView): Promise<void> {
  const { id, title, owner, dueOn, state, version } = action
  const { count } = await tx.reportAction.updateMany({
    where: { id, number, version },
    data: {
      title,
      ownerId: owner?.id ?? null,
      ownerName: owner?.name ?? null,
      dueOn,
      state,
      version: { increment: 1 },
    },
  })
  if (count === 0) throw conflict('Someone else has changed this action. Reload and decide again.')
}
