import type { MergeTable } from '../../../domain/reconcile/merge'
import { countChangedSince, literal } from '../../../domain/reconcile/statements'
import { tableSql } from '../../../domain/reconcile/table'
import { counted } from '../../../domain/units'
import { PortError } from '../../../ports/port-error'
import { oidOf, refuseOther } from './definition'
import type { Session } from './session'
import { readApplied } from './stage'

/* Tables that a merge makes again: they must not be there before it, and only what it made itself is taken back. */

const refuse = (message: string) => new PortError('state', message, { outcome: 'rejected', probe: 'other' })

/** Somebody may have created the table while the merge waited for its approval. */
export async function refuseExisting(session: Session, tables: readonly MergeTable[]): Promise<void> {
  for (const { facts, table } of tables)
    if ((await oidOf(session, facts)) !== null)
      throw refuse(`${table} exists again. Nothing was created. Compare again.`)
}

/** How many rows are not as they were made, and how many came since: all of them when the table is gone or another one. */
async function rowsOff(session: Session, one: MergeTable, batch: string, oid: string | null): Promise<number> {
  if (oid === null || (await oidOf(session, one.facts)) !== oid) return Math.max(1, one.effect.insert)
  const [changed] = await session.rows(countChangedSince({ facts: one.facts, batch, place: one.place }, 'put'))
  const [all] = await session.rows(`SELECT count(*)::float8 AS rows FROM ${tableSql(one.facts)}`)
  return Number(changed?.changed) + Math.max(0, Number(all?.rows) - one.effect.insert)
}
const madeOf = async (session: Session, batch: string, table: string): Promise<string | null> =>
  (await readApplied(session, literal(batch))).find((one) => one.table === table && one.pass === 'put')?.made ?? null

/** Rows of a made table that are not as they should be. What the application has written since matters to a rollback alone. */
export async function madeChanged(
  session: Session,
  one: MergeTable,
  batch: string,
  since: 'compared' | 'merged',
  action: 'merge' | 'undo',
): Promise<number> {
  if (since === 'compared') return 0
  const oid = await madeOf(session, batch, one.table)
  if (action === 'undo' || oid === null || (await oidOf(session, one.facts)) !== oid)
    return await rowsOff(session, one, batch, oid)
  const [changed] = await session.rows(countChangedSince({ facts: one.facts, batch, place: one.place }, 'put'))
  return Number(changed?.changed)
}

/** The table is locked: it is dropped only as exactly what was made. */
export async function refuseToDrop(session: Session, tables: readonly MergeTable[], batch: string): Promise<void> {
  for (const one of tables) {
    const oid = await madeOf(session, batch, one.table)
    const off = await rowsOff(session, one, batch, oid)
    if (off > 0)
      throw refuse(
        `${counted(off, 'row')} of ${one.table} changed after it was created again. The table was not dropped.`,
      )
    if (one.creation) await refuseOther(session, one.facts, one.creation)
  }
}
