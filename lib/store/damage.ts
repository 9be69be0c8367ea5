import { z } from 'zod'
import {
  type DamageFinding,
  type DamageKind,
  type DamageRule,
  damageKinds,
  damageRules,
} from '../domain/cluster/damage'
import { type RecordDraft, recordBody } from '../domain/record/chain'
import type { DamageStore } from '../ports/damage-store'
import type { Store } from './client'
import { ask, query } from './query'

const ms = z.coerce.number()
const rowSchema = z.object({
  kind: z.enum(damageKinds),
  foundAt: ms,
  confidence: z.number(),
  lastGoodAt: ms.nullable(),
  firstBadAt: ms,
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
const millis = (column: string) => `(extract(epoch FROM ${column}) * 1000)::float8`
const moment = (parameter: string) => `timestamptz 'epoch' + ${parameter}::bigint * interval '1 millisecond'`

/** The runner's side. Throws ExpectedError 'store-unavailable'. */
export const damageStore = (store: Pick<Store, 'pool'>): DamageStore => ({
  async open(environment) {
    const { rows } = await query(
      store,
      `SELECT kind, ${millis('found_at')} AS "foundAt", confidence, ${millis('last_good_at')} AS "lastGoodAt",
         ${millis('first_bad_at')} AS "firstBadAt", signs
       FROM damage WHERE environment = $1 AND dismissed_at IS NULL ORDER BY kind`,
      [environment],
    )
    return rows.map((row) => rowSchema.parse(row))
  },
  async keep(environment, finding) {
    const values = [
      ...[environment, finding.kind, finding.confidence, finding.lastGoodAt, finding.firstBadAt],
      ...[JSON.stringify(finding.signs), finding.foundAt],
    ]
    const { rowCount } = await query(
      store,
      `WITH changed AS (
         UPDATE damage SET confidence = $3, last_good_at = ${moment('$4')}, first_bad_at = ${moment('$5')}, signs = $6
         WHERE environment = $1 AND kind = $2 AND dismissed_at IS NULL AND found_at = ${moment('$7')} RETURNING 1),
       added AS (
         INSERT INTO damage (environment, kind, confidence, last_good_at, first_bad_at, signs, found_at)
         SELECT $1, $2, $3, ${moment('$4')}, ${moment('$5')}, $6, ${moment('$7')} WHERE NOT EXISTS (SELECT 1 FROM changed)
         ON CONFLICT DO NOTHING RETURNING 1)
       SELECT 1 FROM changed UNION ALL SELECT 1 FROM added`,
      values,
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
