import type { ClientBase } from 'pg'
import { allPlaces, allPlacesBeside, brokenRule, type Place } from '../domain/run/places'
import { workOrder } from '../domain/run/stage'
import { runTransitions, stepTransitions } from '../domain/run/states'

const listOf = (words: Iterable<string>): string =>
  `ARRAY[${[...new Set(words)].map((word) => `'${word}'`).join(', ')}]`

/** What each table's state may become: `confirmed > undoing`. */
const moves = {
  run: runTransitions.map(({ from, to }) => `${from} > ${to}`),
  run_step: stepTransitions.map(({ from, to }) => `${from} > ${to}`),
}
const moveIsListed = `CREATE OR REPLACE FUNCTION move_is_listed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state = NEW.state OR OLD.state || ' > ' || NEW.state = ANY (CASE TG_TABLE_NAME WHEN 'run' THEN ${listOf(moves.run)} ELSE ${listOf(moves.run_step)} END) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'The state table of % has no way from % to %', TG_TABLE_NAME, OLD.state, NEW.state
    USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_transition';
END $$`

/** Impossible places by the name of the rule that they break: `running / pending / open`, `beside paused / acting / accepted`. */
const placesByRule = new Map<string, string[]>()
const nameOf = ({ run, step, effect, beside }: Place) => `${beside ? 'beside ' : ''}${run} / ${step} / ${effect}`
for (const place of [...allPlaces, ...allPlacesBeside]) {
  const rule = brokenRule(place)
  if (rule !== null) placesByRule.set(rule, [...(placesByRule.get(rule) ?? []), nameOf(place)])
}
/** One text to look in, because nearly every place is possible, and building a list costs each transaction more. */
const impossible = `|${[...placesByRule.values()].flat().join('|')}|`
const brokenRuleOfPlace = `CREATE OR REPLACE FUNCTION broken_rule(p_run text, p_step text, p_effect text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF strpos('${impossible}', '|' || p_run || ' / ' || p_step || ' / ' || p_effect || '|') = 0 THEN
    RETURN NULL;
  END IF;
  RETURN CASE ${[...placesByRule]
    .map(
      ([rule, places]) => `WHEN p_run || ' / ' || p_step || ' / ' || p_effect = ANY (${listOf(places)}) THEN '${rule}'`,
    )
    .join('\n    ')} END;
END $$`

/** How much a step is at work: the store finds the step that a run is at as the program does. */
const workOrderOfStep = `CREATE OR REPLACE FUNCTION work_order(p_step text) RETURNS int LANGUAGE sql IMMUTABLE AS $$
  SELECT array_position(${listOf(workOrder)}, p_step) $$`

/**
 * Writes the state tables and the rules of lib/domain/run into the store, which enforces them from then on. Runs after every
 * migration, as the owner and inside its transaction; repeating it changes nothing.
 */
export async function writeRunRules(owner: ClientBase): Promise<void> {
  // A store that is being made as an earlier version had it, to take in its backup, asks for none of these.
  const { rows } = await owner.query<{ there: boolean }>(
    `SELECT to_regprocedure('run_is_in_a_possible_place()') IS NOT NULL AS there`,
  )
  if (!rows[0]?.there) return
  await owner.query(moveIsListed)
  await owner.query(brokenRuleOfPlace)
  await owner.query(workOrderOfStep)
}
