import { canonicalJson } from '../../../domain/procedure/canonical'
import { inverted, passParts } from '../../../domain/reconcile/by-hand'
import { isPartOf } from '../../../domain/reconcile/creation'
import { creates, type MergePass, type MergeTable, mergeDigest } from '../../../domain/reconcile/merge'
import { countChanged, countChangedSince, literal, stageSchema } from '../../../domain/reconcile/statements'
import { partlyDone } from '../../../ports/outcome'
import { PortError } from '../../../ports/port-error'
import { readTables } from './catalogue'
import { lockMs } from './compare'
import { oidOf, refuseOther } from './definition'
import { refuseExisting, refuseToDrop } from './made'
import type { Session } from './session'
import { batchLock, readApplied, readCompared } from './stage'

const refuse = (message: string) => new PortError('state', message, { outcome: 'rejected', probe: 'other' })
const rowsOf = (n: number) => `${n} ${n === 1 ? 'row' : 'rows'}`
const namesOf = (tables: readonly MergeTable[]) => tables.map(({ table }) => table).join(', ')

/** Refuses what is no longer as it was compared: the tables themselves, or the rows that are to change. */
async function check(
  session: Session,
  { pass, tables }: MergePass,
  batch: string,
  action: 'merge' | 'undo',
): Promise<void> {
  for (const one of tables) {
    if (creates(one)) continue
    const table = { facts: one.facts, batch, place: one.place }
    const sql = action === 'merge' ? countChanged(table, one.policy, pass) : countChangedSince(table, pass)
    const [row] = await session.rows(sql)
    const changed = Number(row?.changed)
    if (changed === 0) continue
    throw refuse(
      action === 'merge'
        ? `${rowsOf(changed)} of ${one.table} changed after the comparison. Nothing in this table was merged. Compare again.`
        : `${rowsOf(changed)} of ${one.table} changed after the merge. Nothing in this table was restored.`,
    )
  }
}

async function checkShape(
  session: Session,
  tables: readonly MergeTable[],
  batch: string,
  action: 'merge' | 'undo',
): Promise<void> {
  if (action === 'merge') await refuseExisting(session, tables.filter(creates))
  const now = await readTables(
    session,
    tables.map(({ table }) => table),
  )
  const compared = await readCompared(session, literal(batch))
  for (const one of tables) {
    const found = now.find(({ schema, name }) => schema === one.facts.schema && name === one.facts.name)
    if (!creates(one) && (!found || canonicalJson(found) !== canonicalJson(one.facts)))
      throw refuse(`The definition of ${one.table} changed after the comparison. Compare again.`)
    const kept = compared.find(({ table }) => table === one.table)
    const other = one.creation !== null && !(kept?.creation && isPartOf(one.creation, kept.creation))
    if (kept?.digest !== one.compared || kept.place !== one.place || other)
      throw refuse(`The compared rows of ${one.table} are not those that were approved. Compare again.`)
  }
}

/** One transaction. Answers how many rows it changed; 0 when it was done before. */
async function runPass(
  session: Session,
  pass: MergePass,
  batch: string,
  action: 'merge' | 'undo',
  mayGoOn: () => void,
): Promise<number> {
  const applied = await readApplied(session, literal(batch))
  const before = (one: MergeTable) => applied.find(({ table, pass: kind }) => table === one.table && kind === pass.pass)
  const other = pass.tables.find((one) => before(one) && before(one)?.digest !== mergeDigest(one))
  if (other) throw refuse(`${other.table} was merged by another policy already. Roll that back first.`)
  const done = pass.tables.filter((one) => before(one) !== undefined)
  if (action === 'merge' ? done.length === pass.tables.length : done.length === 0) return 0
  await checkShape(session, pass.tables, batch, action)

  const parts = passParts(pass, batch, action)
  const made = pass.tables.filter(creates)
  await session.run([...parts.create, ...parts.triggersOff, ...parts.lock])
  await check(session, pass, batch, action)
  if (action === 'undo') await refuseToDrop(session, made, batch)
  // Triggers and computed columns look names up as they do for the application.
  await session.run(['SET LOCAL search_path TO DEFAULT'])
  const [counts] = parts.change === null ? [] : await session.rows(parts.change)
  await session.run(['SET LOCAL search_path = pg_catalog, pg_temp', ...parts.triggersOn, ...parts.finish])
  if (action === 'merge')
    for (const { facts, creation } of made) if (creation) await refuseOther(session, facts, creation)
  await session.run(parts.note)

  let rows = 0
  // A rollback leaves out the tables that it drops whole.
  const changing = action === 'merge' ? pass.tables : pass.tables.filter((one) => !creates(one))
  for (const one of pass.tables) {
    const { insert, update, remove } = one.effect
    const n = changing.indexOf(one)
    // The inverse deletes what was inserted and inserts what was deleted.
    const [put, gone] = action === 'merge' ? ['insert', 'remove'] : ['remove', 'insert']
    const wanted =
      n < 0
        ? {}
        : pass.pass === 'put'
          ? { [`update_${n}`]: update, [`${put}_${n}`]: insert }
          : { [`${gone}_${n}`]: remove }
    for (const [part, count] of Object.entries(wanted)) {
      const changed = Number(counts?.[part] ?? 0)
      if (changed !== count)
        throw refuse(`${one.table}: ${rowsOf(changed)} would change where ${count} were approved. Nothing was changed.`)
      rows += changed
    }
    await session.run([
      action === 'merge'
        ? `INSERT INTO ${stageSchema}.applied (batch, "table", pass, digest, rows, made)
            VALUES (${literal(batch)}, ${literal(one.table)}, ${literal(pass.pass)}, ${literal(mergeDigest(one))}, ${insert + update + remove},
              ${creates(one) ? await oidOf(session, one.facts) : 'NULL'})
            ON CONFLICT (batch, "table", pass) DO UPDATE SET digest = excluded.digest, rows = excluded.rows, made = excluded.made, at = clock_timestamp(), undone_at = NULL`
        : `UPDATE ${stageSchema}.applied SET undone_at = clock_timestamp()
            WHERE batch = ${literal(batch)} AND "table" = ${literal(one.table)} AND pass = ${literal(pass.pass)}`,
    ])
  }
  mayGoOn()
  return rows
}

/** Merges, or takes a merge back, pass by pass; what was done before is left. */
export async function runPasses(
  session: Session,
  passes: readonly MergePass[],
  batch: string,
  action: 'merge' | 'undo',
  mayGoOn: () => void,
): Promise<{ tables: number; rows: number }> {
  const order = action === 'merge' ? passes : inverted(passes)
  const done: string[] = []
  let rows = 0
  for (const pass of order) {
    try {
      mayGoOn()
      await session.run(['BEGIN', `SET LOCAL lock_timeout = ${lockMs}`, batchLock(literal(batch))])
      rows += await runPass(session, pass, batch, action, mayGoOn)
    } catch (error) {
      await session.run(['ROLLBACK']).catch(() => {})
      throw ended(error, pass, done, action)
    }
    try {
      await session.run(['COMMIT'])
    } catch (error) {
      // Nobody knows whether the server still did it.
      throw partlyDone(ended(error, pass, done, action))
    }
    done.push(namesOf(pass.tables))
  }
  return { tables: new Set(order.flatMap(({ tables }) => tables.map(({ table }) => table))).size, rows }
}

/** Names the tables of the failed transaction, and what had been done before it. */
function ended(error: unknown, { tables }: MergePass, done: readonly string[], action: 'merge' | 'undo'): unknown {
  if (!(error instanceof PortError)) return error
  const what = action === 'merge' ? 'Merged' : 'Restored'
  const before = done.length > 0 ? ` ${what} before: ${done.join('; ')}.` : ''
  const all = new PortError(error.errorClass, `${namesOf(tables)}: ${error.message}${before}`, {
    ...error.detail,
    // An error inside the transaction rolls it back; what was committed before it stays.
    outcome: done.length > 0 ? 'unknown' : error.detail.outcome,
    cause: error.cause,
  })
  return all
}
