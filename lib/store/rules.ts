import type { ClientBase } from 'pg'
import {
  accountLimit,
  addressLimit,
  type GuessingLimit,
  knownAddressMs,
  pairLimit,
  refusedLimit,
} from '../domain/people/guessing'
import { permissions, roleNeededFor } from '../domain/people/permissions'
import { absoluteLimitMs, idleLimitMs } from '../domain/people/session-rules'
import { writtenByPeople } from '../domain/record/written-by-people'
import { stepDecisionRights } from '../domain/run/decision'
import { stepTransitions } from '../domain/run/states'

const guessing: Record<string, GuessingLimit> = {
  pair: pairLimit,
  address: addressLimit,
  account: accountLimit,
  refused: refusedLimit,
}
const spansMs = { 'known-address': knownAddressMs, 'session-idle': idleLimitMs, 'session-absolute': absoluteLimitMs }

/**
 * Writes the rules of the domain that functions of the store go by into tables that only their owner may write, in one
 * transaction of the caller's. Each rule is stated once, in the code; a store that is migrated goes by those of its version.
 */
export async function writeRules(owner: ClientBase): Promise<void> {
  // A store that is being made as an earlier version had it, to take in its backup, has none of these.
  const { rows } = await owner.query<{ there: boolean }>(
    `SELECT to_regclass('rule_step_decision') IS NOT NULL AS there`,
  )
  if (!rows[0]?.there) return
  await owner.query('DELETE FROM rule_guessing; DELETE FROM rule_span')
  await owner.query('INSERT INTO rule_guessing SELECT * FROM unnest($1::text[], $2::int[], $3::bigint[])', [
    Object.keys(guessing),
    Object.values(guessing).map(({ failures }) => failures),
    Object.values(guessing).map(({ windowMs }) => windowMs),
  ])
  await owner.query('INSERT INTO rule_span SELECT * FROM unnest($1::text[], $2::bigint[])', [
    Object.keys(spansMs),
    Object.values(spansMs),
  ])
  await owner.query('DELETE FROM rule_step_decision; DELETE FROM rule_record_kind')
  await owner.query('DELETE FROM rule_permission')
  await owner.query('INSERT INTO rule_permission SELECT * FROM unnest($1::text[], $2::account_role[])', [
    [...permissions],
    permissions.map(roleNeededFor),
  ])
  await owner.query('INSERT INTO rule_record_kind SELECT * FROM unnest($1::text[], $2::text[])', [
    Object.keys(writtenByPeople),
    Object.values(writtenByPeople),
  ])
  const moves = stepTransitions.flatMap(({ from, event, to }) => {
    const right = stepDecisionRights[event]
    return right ? [{ from, event, to, ...right }] : []
  })
  await owner.query(
    'INSERT INTO rule_step_decision SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bool[])',
    [
      moves.map(({ event }) => event),
      moves.map(({ from }) => from),
      moves.map(({ to }) => to),
      moves.map(({ permission }) => permission),
      moves.map(({ secondPerson }) => secondPerson),
    ],
  )
}
