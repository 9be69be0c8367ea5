import pg from 'pg'
import { startTestStore } from '../lib/store/testing/database'
import { readTimeline } from '../lib/store/timeline'
import { type Figure, quantile } from './figure'
import { runInBrowser } from './timeline-browser'

const entries = 1_000_000
const reads = 400

/**
 * A page of 100 entries anywhere in a timeline of a million, story and everything, on a store of its own. Theirs is the
 * same page by OFFSET, which is what paging without a key costs.
 */
export async function run(): Promise<Figure[]> {
  const store = await startTestStore()
  const owner = new pg.Client({ connectionString: store.ownerUrl })
  await owner.connect()
  try {
    // Filled manually: a million entries through the chain would take longer than reading them is worth.
    await owner.query('ALTER TABLE record_entry DISABLE TRIGGER USER')
    await owner.query(
      `INSERT INTO record_entry (n, at, body, kind, actor, incident_id, text, prev_hash, hash)
       SELECT i, now(), jsonb_build_object('kind', k, 'text', t, 'actor', '{"kind":"runner","name":"r","epoch":1}'::jsonb, 'evidence', null)::text,
         k, '{}', '1', t, '', ''
       FROM (SELECT i, CASE WHEN i % 50 = 0 THEN 'incident.decision' ELSE 'step.begin' END AS k, 'entry ' || i AS t
             FROM generate_series(1, $1::int) i) x`,
      [entries],
    )
    await owner.query('ALTER TABLE record_entry ENABLE TRIGGER USER')
    // What autovacuum does to a table that grew: statistics, and rows that no reader has to mark first.
    await owner.query('VACUUM (ANALYZE) record_entry')
    await owner.query('CHECKPOINT')
    const figures: Figure[] = []
    for (const scope of ['everything', 'story'] as const) {
      const ours: number[] = []
      for (let i = 0; i < reads + 20; i++) {
        const before = String(1 + Math.floor(((i * 7919) % reads) * (entries / reads)) + 200)
        const begun = performance.now()
        await readTimeline(store.web, { number: 1, scope, before, limit: 100 })
        if (i >= 20) ours.push(performance.now() - begun)
      }
      const theirs: number[] = []
      for (let i = 0; i < 12; i++) {
        const begun = performance.now()
        await store.web.pool.query(
          `SELECT * FROM record_entry WHERE incident_id = '1' ${scope === 'story' ? 'AND timeline_story(kind)' : ''} ORDER BY n DESC LIMIT 100 OFFSET $1`,
          [Math.floor((i / 12) * (scope === 'story' ? entries / 50 : entries))],
        )
        theirs.push(performance.now() - begun)
      }
      const p99 = quantile(ours, 0.99)
      figures.push({
        bench: 'timeline',
        metric: `page of ${scope} in a million entries, p99`,
        ours: p99,
        theirs: quantile(theirs, 0.99),
        unit: 'ms',
        n: ours.length,
        goal: '<= 10',
        met: p99 <= 10,
      })
    }
    return [...figures, ...(await runInBrowser())]
  } finally {
    await owner.end()
    await store.stop()
  }
}
