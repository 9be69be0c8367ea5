import { readFile } from 'node:fs/promises'
import { sha256 } from '../lib/domain/procedure/canonical'
import {
  type ChainVerdict,
  type RecordEntry,
  type RecordHead,
  type SealedEntry,
  verifyChain,
  verifyExcerpt,
} from '../lib/domain/record/chain'
import { createStore } from '../lib/store/client'
import { walkRecord } from '../lib/views/record-walk'

/*
 * verify-record             walks the record in the store at DATABASE_URL.
 * verify-record FILE        walks an export: a report as JSON with its piece of the record, or the record itself as
 *                           { entries, head }; with DATABASE_URL set, also holds its end against the store.
 *
 * Exit code 0: whole. 1: not whole, with the first entry that is wrong. 2: it could not be read.
 */
const file = process.argv[2]
const url = process.env.DATABASE_URL
const store = url ? createStore(url) : null

async function verifyExport(path: string) {
  const text = await readFile(path, 'utf8')
  const exported = JSON.parse(text) as
    | { entries: RecordEntry[]; head: RecordHead }
    | { sha256: string; record: { entries: (RecordEntry | SealedEntry)[] } }
  const verdict =
    'record' in exported
      ? (changedFile(exported) ?? verifyExcerpt(exported.record.entries))
      : await verifyChain(exported.entries, exported.head)
  if (!verdict.whole || !store) return verdict
  const { rows } = await store.pool.query<{ hash: string }>('SELECT hash FROM record_entry WHERE n = $1', [
    verdict.head.n,
  ])
  if (verdict.entries > 0 && rows[0]?.hash !== verdict.head.hash)
    return {
      whole: false as const,
      at: verdict.head.n,
      why: 'The export ends in an entry that the store does not have.',
    }
  return verdict
}

/** A report carries the sum of all that stands before it. */
function changedFile({ sha256: given, ...content }: { sha256: string }): ChainVerdict | null {
  return sha256(JSON.stringify(content, null, 2)) === given
    ? null
    : { whole: false, at: 0, why: 'The report was changed after it was exported.' }
}

try {
  if (!file && !store) throw new Error('Name an export file, or set DATABASE_URL to the address of the store.')
  const verdict = file ? await verifyExport(file) : store ? (await walkRecord({ store, now: Date.now })).verdict : null
  if (verdict?.whole)
    console.log(`The hash chain is intact: ${verdict.entries} entries, ending in ${verdict.head.hash}.`)
  else if (verdict) {
    console.error(`The hash chain is broken. ${verdict.why}`)
    process.exitCode = 1
  }
} catch (error) {
  console.error(`The record could not be read. ${(error as Error).message}`)
  process.exitCode = 2
} finally {
  await store?.close()
}
