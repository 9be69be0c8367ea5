import { open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import type pg from 'pg'
import { createTable, readAfter, readTables } from '../backups/copy-dump'
import { type LabFault, LabStateError } from '../contract'
import type { Cluster } from '../postgres/cluster'
import type { Member } from '../postgres/member'
import { databaseName } from '../postgres/seed'
import { withClient } from '../postgres/sql'

const tables = ['castings', 'audit_logs'] as const
const pageBytes = 8192
/** What a struck table may hold so that it can be put back from memory. */
const mostRows = 500_000

/**
 * Damage to the data itself, which every replica receives. Healing puts back what was taken, beside whatever has been
 * written since; what somebody has restored meanwhile stays as it is.
 */
export function dataCatalogue(cluster: Cluster): LabFault[] {
  return [deleteRows(cluster), dropTable(cluster), corruptValues(cluster), corruptPage(cluster), archiveGap(cluster)]
}

function onWriter<T>(cluster: Cluster, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const { writer, login } = cluster.topology
  return withClient(
    writer.behind,
    { ...login, database: databaseName },
    async (client) => {
      // A fence makes the database read-only for everybody else, and damage is healed behind it too.
      await client.query('SET default_transaction_read_only = off')
      return await work(client)
    },
    60_000,
  )
}

const targets = () => tables.map((table) => ({ id: table, title: table }))
const tableOf = (target: string | null) => tables.find((table) => table === target) ?? tables[0]
const percent = (preset: number): LabFault['parameters'][number] => ({
  name: 'percent',
  title: 'Rows, percent',
  type: 'number',
  default: preset,
})

/** Rows as JSON text, which `jsonb_populate_recordset` takes back. */
async function rowsOf(client: pg.Client, table: string, where: string, values: unknown[] = []): Promise<string> {
  const { rows } = await client.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${table}`)
  if ((rows[0]?.n ?? 0) > mostRows) throw new LabStateError('TooLarge', `${table} is too large to be put back later.`)
  const { rows: kept } = await client.query<{ all: string }>(
    `SELECT COALESCE(jsonb_agg(t), '[]')::text AS all FROM ${table} t WHERE ${where}`,
    values,
  )
  return kept[0]?.all ?? '[]'
}

const putBack = (client: pg.Client, table: string, rows: string) =>
  client.query(
    `INSERT INTO ${table} SELECT * FROM jsonb_populate_recordset(NULL::${table}, $1) ON CONFLICT DO NOTHING`,
    [rows],
  )

function deleteRows(cluster: Cluster): LabFault {
  // Kept until it is back: a writer that is dead now takes it when it has been repaired.
  let taken: { table: string; rows: string } | null = null
  const heal = async () => {
    const back = taken
    if (back) await onWriter(cluster, (client) => putBack(client, back.table, back.rows))
    taken = null
  }
  return {
    id: 'delete-rows',
    title: 'Rows are deleted by mistake',
    group: 'Data',
    targets,
    parameters: [percent(60)],
    async start(target, parameters) {
      await heal()
      const table = tableOf(target)
      const where = 'id % 100 < $1'
      const share = [Number(parameters.percent)]
      taken = await onWriter(cluster, async (client) => {
        const rows = await rowsOf(client, table, where, share)
        await client.query(`DELETE FROM ${table} WHERE ${where}`, share)
        return { table, rows }
      })
    },
    heal,
  }
}

function dropTable(cluster: Cluster): LabFault {
  let taken: { table: string; definition: string; after: string[]; rows: string } | null = null
  const heal = async () => {
    const back = taken
    if (!back) return
    await onWriter(cluster, async (client) => {
      const { rows } = await client.query<{ there: boolean }>(
        `SELECT to_regclass('public.${back.table}') IS NOT NULL AS there`,
      )
      if (!rows[0]?.there) {
        await client.query(back.definition)
        for (const statement of back.after) await client.query(statement)
      }
      await putBack(client, back.table, back.rows)
      await client.query(
        `SELECT setval(pg_get_serial_sequence('public.${back.table}', 'id'), GREATEST((SELECT max(id) FROM ${back.table}), 1))`,
      )
    })
    taken = null
  }
  return {
    id: 'drop-table',
    title: 'A table is dropped',
    group: 'Data',
    targets: () => [...targets()].reverse(),
    parameters: [],
    async start(target) {
      await heal()
      const table = tables.find((one) => one === target) ?? 'audit_logs'
      taken = await onWriter(cluster, async (client) => {
        const [found] = await readTables(client, table)
        if (!found) throw new LabStateError('NoTarget', `There is no table ${table}.`)
        const after = await readAfter(client, [found])
        const kept = { table, definition: createTable(found), after, rows: await rowsOf(client, table, 'true') }
        await client.query(`DROP TABLE ${table}`)
        return kept
      })
    },
    heal,
  }
}

/** Titles are garbled, and owners point to nobody: no error, no log line. */
function corruptValues(cluster: Cluster): LabFault {
  let rows: string | null = null
  const heal = async () => {
    const back = rows
    if (back === null) return
    await onWriter(cluster, (client) =>
      client.query(
        `UPDATE castings SET title = was.title, owner_id = was.owner_id
         FROM jsonb_populate_recordset(NULL::castings, $1) was
         WHERE castings.id = was.id AND castings.owner_id = was.owner_id + 1000000`,
        [back],
      ),
    )
    rows = null
  }
  return {
    id: 'corrupt-values',
    title: 'Values are corrupted silently',
    group: 'Data',
    targets: () => [],
    parameters: [percent(10)],
    async start(_target, parameters) {
      await heal()
      const where = 'id % 100 < $1 AND owner_id < 1000000'
      const share = [Number(parameters.percent)]
      rows = await onWriter(cluster, async (client) => {
        const kept = await rowsOf(client, 'castings', where, share)
        // As storage that lies would do it: no constraint is asked, and no trigger runs.
        await client.query("SET session_replication_role = 'replica'")
        await client.query(
          `UPDATE castings SET title = reverse(title), owner_id = owner_id + 1000000 WHERE ${where}`,
          share,
        )
        return kept
      })
    },
    heal,
  }
}

/** A page on the writer's disk no longer fits its checksum: reading it fails with XX001. */
function corruptPage(cluster: Cluster): LabFault {
  let struck: { member: Member; file: string; at: number; was: Buffer; is: Buffer } | null = null
  const heal = async () => {
    const page = struck
    struck = null
    if (!page) return
    const handle = await open(page.file, 'r+').catch(() => null)
    if (!handle) return
    try {
      const { buffer } = await handle.read(Buffer.alloc(page.is.length), 0, page.is.length, page.at)
      // A table that was written anew, or a node that was made anew, has another page there.
      if (buffer.equals(page.is)) await handle.write(page.was, 0, page.was.length, page.at)
    } finally {
      await handle.close()
    }
  }
  return {
    id: 'corrupt-page',
    title: 'A page is damaged on the writer’s disk',
    group: 'Data',
    targets,
    parameters: [],
    async start(target) {
      await heal()
      const table = tableOf(target)
      const member = cluster.topology.writer
      const path = await onWriter(cluster, (client) => freshFile(client, table))
      const file = join(member.server.dataDir, path)
      const handle = await open(file, 'r+')
      try {
        const at = pageBytes + 4000
        const { buffer: was, bytesRead } = await handle.read(Buffer.alloc(64), 0, 64, at)
        if (bytesRead < was.length) throw new LabStateError('NoTarget', `${table} has too few rows to damage a page.`)
        const is = Buffer.from(was.map((byte) => byte ^ 0xff))
        await handle.write(is, 0, is.length, at)
        struck = { member, file, at, was, is }
      } finally {
        await handle.close()
      }
    },
    heal,
  }
}

/** A restore starts, and ends as incompatible, to whichever point: the window is told from the newest segment. */
function archiveGap(cluster: Cluster): LabFault {
  let lost: { file: string; aside: string } | null = null
  const heal = async () => {
    const segment = lost
    lost = null
    if (segment) await rename(segment.aside, segment.file).catch(() => undefined)
  }
  return {
    id: 'archive-gap',
    title: 'A WAL segment is missing in the archive',
    group: 'Backups',
    targets: () => [],
    parameters: [],
    async start() {
      await heal()
      const { archiveDir, backups } = cluster.topology
      const name = backups.firstNeeded()
      if (!name) throw new LabStateError('NoTarget', 'Too little has been archived yet.')
      const file = join(archiveDir, name)
      lost = { file, aside: join(archiveDir, `.${name}.lost`) }
      await rename(file, lost.aside)
    },
    heal,
  }
}

/**
 * Writes a table into a new file past the server's cache, and answers its path: whoever reads it next reads it from the disk.
 * Only a move between tablespaces does that; any other rewrite builds indexes, and reads the table for it.
 */
async function freshFile(client: pg.Client, table: string): Promise<string> {
  await client.query('SET allow_in_place_tablespaces = on')
  await client.query("CREATE TABLESPACE lab_aside LOCATION ''")
  await client.query(`ALTER TABLE ${table} SET TABLESPACE lab_aside`)
  await client.query(`ALTER TABLE ${table} SET TABLESPACE pg_default`)
  await client.query('DROP TABLESPACE lab_aside')
  const { rows } = await client.query<{ path: string }>('SELECT pg_relation_filepath($1::regclass) AS path', [table])
  return rows[0]?.path ?? ''
}
