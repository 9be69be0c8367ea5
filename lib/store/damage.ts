import { z } from 'zod'
import {
  type DamageFinding,
  type DamageKind,
  type DamageRule,
  damageKinds,
  damageRules,
  findingFrom,
} from '../domain/cluster/damage'
import { type RecordDraft, recordBody } from '../domain/record/chain'
import type { DamageStore } from '../ports/damage-store'
import type { Store } from './client'
import { ask, query } from './query'

const ms = z.coerce.number()
const rowSchema = z.object({
  kind: z.enum(damageKinds),
  foundAt: ms,
  signs: z.array(
    z.object({
      rule: z.enum(Object.keys(damageRules) as [DamageRule, ...DamageRule[]]),
      subject: z.string(),
      says: z.string(),
      lastGoodAt: z.number().nullable(),
      firstBadAt: z.number(),
    }),
  ),
})
const moment = (parameter: string) => `timestamptz 'epoch' + ${parameter}::bigint * interval '1 millisecond'`

/** The runner's side. Throws ExpectedError 'store-unavailable'. */
export const damageStore = (store: Pick<Store, 'pool'>): DamageStore => ({
  async open(environment) {
    const { rows } = await query(
      store,
      `SELECT kind, (extract(epoch FROM found_at) * 1000)::float8 AS "foundAt", signs FROM damage
       WHERE environment = $1 AND dismissed_at IS NULL ORDER BY kind`,
      [environment],
    )
    return rows.map((row) => {
      const { kind, foundAt, signs } = rowSchema.parse(row)
      return findingFrom(kind, foundAt, signs)
    })
  },
  async keep(environment, finding) {
    const { rowCount } = await query(
      store,
      `WITH changed AS (
         UPDATE damage SET signs = $4
         WHERE environment = $1 AND kind = $2 AND dismissed_at IS NULL AND found_at = ${moment('$3')} RETURNING 1),
       added AS (
         INSERT INTO damage (environment, kind, found_at, signs) SELECT $1, $2, ${moment('$3')}, $4 WHERE NOT EXISTS (SELECT 1 FROM changed)
         ON CONFLICT DO NOTHING RETURNING 1)
       SELECT 1 FROM changed UNION ALL SELECT 1 FROM added`,
      [environment, finding.kind, finding.foundAt, JSON.stringify(finding.signs)],
    )
    return (rowCount ?? 0) > 0
  },
  async isOpen(environment, { kind, foundAt }) {
    const { rowCount } = await query(
      store,
      `SELECT 1 FROM damage WHERE environment = $1 AND kind = $2 AND found_at = ${moment('$3')} AND dismissed_at IS NULL`,
      [environment, kind, foundAt],
    )
    return (rowCount ?? 0) > 0
  },
})

/** A person's decision, by the token of their session; false when the finding was dismissed before. */
export const dismissDamage = async (
  store: Pick<Store, 'pool'>,
  token: string,
  finding: { environment: string; kind: DamageKind; foundAt: DamageFinding['foundAt']; reason: string },
  draft: RecordDraft,
): Promise<boolean> =>
  (await ask<boolean>(store, 'damage_dismiss', {
    ...{ token, environment: finding.environment, kind: finding.kind, found_at: finding.foundAt },
    ...{ reason: finding.reason, body: recordBody(draft) },
  })) === true
