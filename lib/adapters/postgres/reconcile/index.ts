import { readFileSync } from 'node:fs'
import { inverted } from '../../../domain/reconcile/by-hand'
import { creates, mergedTables } from '../../../domain/reconcile/merge'
import { planTables } from '../../../domain/reconcile/plan'
import { countChanged, countChangedSince, literal } from '../../../domain/reconcile/statements'
import { unanalyzedQuery } from '../../../domain/restore/copy-work'
import { PortError } from '../../../ports/port-error'
import type { DatabaseAddress, Reconciler } from '../../../ports/reconcile'
import { fromPostgresError } from '../errors'
import { SessionBudget, type SessionsOf } from '../sessions'
import { readRights, readTables, rightsToCreate } from './catalogue'
import { compareTables } from './compare'
import { doCopyWork, readAtWork } from './copy-work'
import { madeChanged } from './made'
import { runPasses } from './merge'
import { copyRows, countChosen, readRows } from './rows'
import { type Session, withSession } from './session'
import { readApplied, readCompared } from './stage'

interface ReconcilerSettings {
  user: string
  password: string
  tls: 'verify-full' | 'disable'
  caFile?: string | undefined
  sessions?: SessionsOf
}

/** Compares and merges through `pg`, rows by COPY. Throws at once when the authority's file cannot be read. */
export function createReconciler(settings: ReconcilerSettings): Reconciler {
  const { user, password } = settings
  const tls =
    settings.tls === 'verify-full' ? { ca: settings.caFile ? readFileSync(settings.caFile, 'utf8') : undefined } : null
  const sessions = settings.sessions ?? new SessionBudget().for('runs')
  const at = <T>(
    address: DatabaseAddress,
    kind: 'read' | 'write',
    signal: AbortSignal | null,
    use: (session: Session) => Promise<T>,
  ) => withSession({ user, password, tls, sessions }, address, kind, signal, use)
  const both = <T>(
    source: DatabaseAddress,
    target: DatabaseAddress,
    kind: 'read' | 'write',
    signal: AbortSignal | null,
    use: (source: Session, target: Session) => Promise<T>,
  ) => at(source, 'read', signal, (from) => at(target, kind, signal, (to) => use(from, to)))
  const planned = async (source: Session, target: Session, tables: readonly string[]) =>
    planTables(await readTables(source, tables), await readTables(target, tables), tables)

  return {
    user,
    plan: (source, target, tables) => both(source, target, 'read', null, (from, to) => planned(from, to, tables)),
    rights: (source, target, tables) =>
      both(source, target, 'read', null, async (from, to) => {
        const [reads, merges] = [await readRights(from, tables, 'source'), await readRights(to, tables, 'target')]
        const creates = await rightsToCreate(from, to, tables)
        return { missing: [...reads.missing, ...merges.missing, ...creates], triggersStay: merges.triggersStay }
      }),
    async execute({ target, work, batch }, mayGoOn, signal) {
      switch (work.action) {
        case 'compare':
          return await both(work.source, target, 'write', signal, async (from, to) => {
            const { groups, dropped, refused } = await planned(from, to, work.tables)
            const [first] = refused
            if (first)
              throw new PortError('config', `${first.table} cannot be compared. ${first.why}`, {
                outcome: 'rejected',
                probe: 'other',
              })
            return await compareTables(from, to, groups, new Set(dropped), batch, mayGoOn)
          })
        case 'rest':
        case 'wake':
        case 'analyze':
          await at(target, 'write', signal, (session) => doCopyWork(session, work, mayGoOn))
          return { tables: 0, rows: 0 }
        case 'merge':
        case 'undo':
          return await at(target, 'write', signal, (session) =>
            runPasses(session, work.passes, batch, work.action === 'merge' ? 'merge' : 'undo', mayGoOn),
          )
      }
    },
    compared: (target, batch) => at(target, 'read', null, (session) => readCompared(session, literal(batch))),
    applied: (target, batch) => at(target, 'read', null, (session) => readApplied(session, literal(batch))),
    chosen: (target, table, batch, keys) =>
      at(target, 'read', null, (session) => countChosen(session, batch, table.table, keys)),
    async changed({ target, work, batch }, since) {
      if (!('passes' in work)) return []
      const { action } = work
      const passes = inverted(work.passes)
      return await at(target, 'read', null, async (session) => {
        const found = new Map<string, number>()
        for (const { pass, tables } of passes)
          for (const one of tables) {
            const table = { facts: one.facts, batch, place: one.place }
            if (creates(one)) {
              found.set(
                one.table,
                (await madeChanged(session, one, batch, since, action)) + (found.get(one.table) ?? 0),
              )
              continue
            }
            const sql = since === 'compared' ? countChanged(table, one.policy, pass) : countChangedSince(table, pass)
            const [row] = await session.rows(sql)
            found.set(one.table, (found.get(one.table) ?? 0) + Number(row?.changed))
          }
        return mergedTables(passes).flatMap(({ table }) => {
          const rows = found.get(table) ?? 0
          return rows > 0 ? [{ table, rows }] : []
        })
      })
    },
    atWork: (target, isOn) => at(target, 'read', null, (session) => readAtWork(session, isOn)),
    unanalyzed: (target, tables) =>
      at(target, 'read', null, async (session) => {
        await session.run(['RESET search_path'])
        const [found] = await session.rows(unanalyzedQuery(tables))
        return Number(found?.n)
      }),
    rows: (target, batch, table, page) => at(target, 'read', null, (session) => readRows(session, batch, table, page)),
    async *exportRows(target, batch, table, what, signal) {
      // A session is kept for as long as somebody reads; whoever stops reading ends it.
      const chunks = new TransformStream<Uint8Array, Uint8Array>()
      const ended = at(target, 'read', signal, async (session) => {
        const writer = chunks.writable.getWriter()
        try {
          for await (const chunk of await copyRows(session, batch, table, what)) await writer.write(chunk)
          await writer.close()
        } catch (error) {
          const told = fromPostgresError(error, `${target.host}:${target.port}`, false)
          await writer.abort(told).catch(() => {})
          throw told
        }
      })
      ended.catch(() => chunks.writable.abort().catch(() => {}))
      for await (const chunk of chunks.readable) yield chunk
      await ended
    },
  }
}
