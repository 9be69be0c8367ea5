import { randomUUID } from 'node:crypto'
import { type ChecklistCount, countOf } from '../domain/checklist/count'
import type { EvidenceView } from '../domain/incident/view'
import type { PersonRef } from '../domain/people/person'
import { sha256 } from '../domain/procedure/canonical'
import type { Db } from './client'

interface StoredItem {
  number: number
  key: string
  state: string
  says: string
  checkedAt: number | null
  askedAt: number | null
  reopened: boolean
  hand: { by: PersonRef; reason: string; at: number } | null
}

type Row = NonNullable<Awaited<ReturnType<Db['checklistItem']['findUnique']>>>
const toItem = (row: Row): StoredItem => ({
  number: row.number,
  key: row.key,
  state: row.state,
  says: row.says,
  checkedAt: row.checkedAt?.getTime() ?? null,
  askedAt: row.askedAt?.getTime() ?? null,
  reopened: row.reopened,
  hand:
    row.handAt && row.handById
      ? { by: { id: row.handById, name: row.handByName ?? '' }, reason: row.handReason ?? '', at: row.handAt.getTime() }
      : null,
})

export async function readChecklist(db: Db, number: number): Promise<StoredItem[]> {
  return (await db.checklistItem.findMany({ where: { number } })).map(toItem)
}

/** How the checklist of an incident stands. */
export async function countChecklist(db: Db, number: number): Promise<ChecklistCount> {
  return countOf((await readChecklist(db, number)).map(({ state }) => state))
}

/** The item, held until the transaction ends; null when there is none. */
export async function lockItem(tx: Db, number: number, key: string): Promise<StoredItem | null> {
  await tx.$queryRaw`SELECT 1 FROM checklist_item WHERE number = ${number} AND key = ${key} FOR UPDATE`
  const row = await tx.checklistItem.findUnique({ where: { number_key: { number, key } } })
  return row && toItem(row)
}

/** Newest evidence of each item, at most `each` of an item. */
export async function readEvidence(db: Db, number: number, each: number): Promise<Map<string, EvidenceView[]>> {
  const rows = await db.$queryRaw<
    { id: string; key: string; at: Date; request: string; result: string; sha256: string; passed: boolean | null }[]
  >`SELECT id, key, at, request, result, sha256, passed FROM (
      SELECT *, row_number() OVER (PARTITION BY key ORDER BY at DESC) AS nth FROM checklist_evidence WHERE number = ${number}
    ) e WHERE nth <= ${each} ORDER BY at DESC`
  const byKey = new Map<string, EvidenceView[]>()
  for (const { key, at, ...row } of rows) byKey.set(key, [...(byKey.get(key) ?? []), { ...row, at: at.getTime() }])
  return byKey
}

/** Asks a runner to look; `key` null asks for all ten. Returns how many were asked. */
export async function askProbes(tx: Db, number: number, key: string | null, now: number): Promise<number> {
  const { count } = await tx.checklistItem.updateMany({
    where: { number, ...(key === null ? {} : { key }) },
    data: { askedAt: new Date(now) },
  })
  return count
}

/**
 * Items of incidents that are still open that wait for a look: asked by a person, last seen before a run of it ended, or too
 * long ago. After the end the evidence stays as it was. What does not hold is looked at sooner than what does (`openBefore`, `holdsBefore`, ms of the epoch).
 * Data is counted again only after a run has ended: that costs the database a scan of its tables.
 */
export async function itemsToProbe(
  db: Db,
  environment: string,
  { holdsBefore, openBefore }: { holdsBefore: number; openBefore: number },
): Promise<{ number: number; key: string }[]> {
  return db.$queryRaw<{ number: number; key: string }[]>`
    SELECT i.number, i.key FROM checklist_item i JOIN incident n ON n.number = i.number
    WHERE n.environment = ${environment} AND n.status NOT IN ('resolved', 'merged')
      AND (i.checked_at IS NULL OR i.asked_at > i.checked_at
           OR i.key <> 'data-integrity' AND i.checked_at < CASE WHEN i.state IN ('pass', 'hand')
                THEN ${new Date(holdsBefore)}::timestamptz ELSE ${new Date(openBefore)}::timestamptz END
           OR EXISTS (SELECT 1 FROM run r WHERE r.incident_id = i.number::text
                      AND r.mode <> 'dry-run' AND r.finished_at > i.checked_at))
    ORDER BY i.asked_at DESC NULLS LAST, i.number, i.key LIMIT 100`
}

/** Writes what a probe found and its evidence. Inside a transaction that holds the item. */
export async function keepProbe(
  tx: Db,
  number: number,
  key: string,
  found: {
    state: string
    says: string
    reopened: boolean
    at: number
    request: string
    result: string
    passed: boolean | null
  },
): Promise<{ evidenceId: string; sha256: string }> {
  const id = randomUUID()
  const hash = sha256(`${found.request}\n${found.at}\n${found.result}`)
  await tx.checklistItem.update({
    where: { number_key: { number, key } },
    data: { state: found.state, says: found.says, reopened: found.reopened, checkedAt: new Date(found.at) },
  })
  await tx.checklistEvidence.create({
    data: {
      id,
      number,
      key,
      at: new Date(found.at),
      request: found.request,
      result: found.result,
      sha256: hash,
      passed: found.passed,
    },
  })
  return { evidenceId: id, sha256: hash }
}

export async function keepHandTick(
  tx: Db,
  number: number,
  key: string,
  tick: { by: PersonRef; reason: string; at: number },
): Promise<void> {
  await tx.checklistItem.update({
    where: { number_key: { number, key } },
    data: {
      state: 'hand',
      says: `Marked manually: ${tick.reason}`,
      reopened: false,
      handById: tick.by.id,
      handByName: tick.by.name,
      handReason: tick.reason,
      handAt: new Date(tick.at),
    },
  })
}
