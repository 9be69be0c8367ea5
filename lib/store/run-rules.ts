import type { ClientBase } from 'pg'
import { allPlaces, brokenRule } from '../domain/run/places'
import { runTransitions, stepTransitions } from '../domain/run/states'

const tables = [
  {
    table: 'state_transition',
    columns: ['machine', 'from_state', 'to_state'],
    rows: () => [
      ...stepTransitions.map(({ from, to }) => ['run_step', from, to]),
      ...runTransitions.map(({ from, to }) => ['run', from, to]),
    ],
  },
  {
    table: 'impossible_place',
    columns: ['run_state', 'step_state', 'effect', 'rule'],
    rows: () =>
      allPlaces.flatMap((place) => {
        const rule = brokenRule(place)
        return rule === null ? [] : [[place.run, place.step, place.effect, rule]]
      }),
  },
]

/**
 * Writes the state tables and the rules of lib/domain/run into the store, which enforces them from then on. Runs after every
 * migration, as the owner and inside its transaction; repeating it changes nothing.
 */
export async function writeRunRules(owner: ClientBase): Promise<void> {
  for (const { table, columns, rows } of tables) {
    // A store that is being made as an earlier version had it, to take in its backup, has none of these.
    const there = await owner.query<{ there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS there', [table])
    if (!there.rows[0]?.there) continue
    await owner.query(`DELETE FROM ${table}`)
    await owner.query(
      `INSERT INTO ${table} (${columns.join(', ')}) SELECT * FROM unnest(${columns.map((_, i) => `$${i + 1}::text[]`).join(', ')})
       ON CONFLICT DO NOTHING`,
      columns.map((_, i) => rows().map((row) => row[i])),
    )
  }
}
