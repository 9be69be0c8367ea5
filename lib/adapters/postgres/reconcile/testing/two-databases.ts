import { randomBytes } from 'node:crypto'
import { Client } from 'pg'
import type { RowsCall } from '../../../../domain/procedure/call'
import { type MergeTable, passesOf } from '../../../../domain/reconcile/merge'
import { effectOf, type Policy } from '../../../../domain/reconcile/policy'
import { tableId } from '../../../../domain/reconcile/table'
import type { DatabaseAddress } from '../../../../ports/reconcile'
import { createReconciler } from '../index'

/** Two databases with the same tables on the tests' server, and the role of a recovery that owns nothing. */
export async function startTwoDatabases(adminUrl: string, schema: string) {
  const admin = new URL(adminUrl)
  const name = `reconcile_${randomBytes(4).toString('hex')}`
  const password = randomBytes(12).toString('hex')
  const root = new Client({ connectionString: admin.href })
  await root.connect()
  await root.query(`CREATE ROLE ${name} LOGIN PASSWORD '${password}'`)
  const open = async (side: string) => {
    const database = `${name}_${side}`
    await root.query(`CREATE DATABASE ${database}`)
    await root.query(`GRANT CREATE ON DATABASE ${database} TO ${name}`)
    const client = new Client({ connectionString: Object.assign(new URL(admin), { pathname: `/${database}` }).href })
    await client.connect()
    await client.query(schema)
    await client.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${name};
      GRANT SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA public TO ${name}`)
    const address: DatabaseAddress = { host: admin.hostname, port: Number(admin.port), database }
    return { client, address }
  }
  const [source, target] = [await open('source'), await open('target')]
  const reconciler = createReconciler({ user: name, password, tls: 'disable' })
  const signal = new AbortController().signal
  let batches = 0
  return {
    name,
    root,
    source,
    target,
    reconciler,
    batch() {
      batches += 1
      return `b${batches}`
    },
    compareCall: (batch: string, tables: string[]): RowsCall => ({
      kind: 'rows',
      user: name,
      batch,
      target: target.address,
      work: { action: 'compare', source: source.address, tables },
      limitMs: 60_000,
    }),
    async compare(batch: string, tables: string[]) {
      await reconciler.execute(this.compareCall(batch, tables), () => {}, signal)
      return await reconciler.compared(target.address, batch)
    },
    /** The call of a merge after what was compared, as a procedure makes it. */
    async mergeCall(
      batch: string,
      policies: Record<string, Policy>,
      triggers: 'on' | 'off' = 'on',
      action: 'merge' | 'undo' = 'merge',
    ): Promise<RowsCall> {
      const compared = await reconciler.compared(target.address, batch)
      const { groups } = await reconciler.plan(
        source.address,
        target.address,
        compared.map(({ table }) => table),
      )
      const tables = await Promise.all(
        groups.map((group) =>
          Promise.all(
            group.map(async (facts): Promise<MergeTable> => {
              const found = compared.find(({ table }) => table === tableId(facts))
              if (!found) throw new Error(`${tableId(facts)} was not compared`)
              const policy = policies[found.table] ?? { kind: 'skip' }
              const keys = policy.kind === 'rows' ? policy.keys : []
              const effect = effectOf(policy, found, await reconciler.chosen(target.address, found, batch, keys))
              return {
                table: found.table,
                facts,
                place: found.place,
                policy,
                triggers: facts.triggers.length > 0 ? triggers : 'on',
                effect,
                compared: found.digest,
                creation: policy.kind === 'skip' ? null : found.creation,
              }
            }),
          ),
        ),
      )
      return {
        kind: 'rows',
        user: name,
        batch,
        target: target.address,
        work: { action, passes: passesOf(tables) },
        limitMs: 60_000,
      }
    },
    send: (call: RowsCall, mayGoOn: () => void = () => {}) => reconciler.execute(call, mayGoOn, signal),
    async stop() {
      for (const { client, address } of [source, target]) {
        await client.end()
        await root.query(`DROP DATABASE ${address.database} WITH (FORCE)`)
      }
      await root.query(`DROP ROLE ${name}`)
      await root.end()
    },
  }
}
export type TwoDatabases = Awaited<ReturnType<typeof startTwoDatabases>>
