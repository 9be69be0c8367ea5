import { quotedName } from '../text'
import { dropMade, lockMade, type TableCreation } from './creation'
import { creates, type MergePass } from './merge'
import {
  lockMerged,
  lockRows,
  mergeRows,
  noteMerged,
  noteRestored,
  restoreRows,
  setSequences,
  stageSchema,
  triggersOff,
  triggersOn,
} from './statements'
import { tableSql } from './table'

/* What the runner does, as a person would do it with psql. The statements of a merge are the runner's own. */

/** Copies a table of the source beside that of the target, where both can be compared. */
export function handCompare(table: string, batch: string, place: number): { read: string; receive: string[] } {
  const copy = `${stageSchema}.${quotedName(`${batch} ${place} manually`)}`
  return {
    read: `COPY (TABLE ${table}) TO STDOUT`,
    receive: [
      `CREATE SCHEMA IF NOT EXISTS ${stageSchema}`,
      `CREATE TABLE ${copy} (LIKE ${table})`,
      `COPY ${copy} FROM STDIN`,
    ],
  }
}

/** One transaction, by its parts: the runner checks after `lock` and after `change` whether it is as it was approved. */
interface PassParts {
  /** Makes the tables that the target has lost, still empty. */
  create: string[]
  triggersOff: string[]
  lock: string[]
  /** Null where whole tables are taken back. */
  change: string | null
  triggersOn: string[]
  /** What comes after the rows of a table that was made: its constraints, indexes, triggers, rights and keys. */
  finish: string[]
  note: string[]
}

export function passParts({ pass, tables }: MergePass, batch: string, action: 'merge' | 'undo'): PassParts {
  const group = tables.map((one) => ({ ...one, table: { facts: one.facts, batch, place: one.place } }))
  const made = group.flatMap((one) => (creates(one) && one.creation ? [{ ...one, creation: one.creation }] : []))
  const others = group.filter((one) => !creates(one))
  const quiet = others.filter(({ triggers }) => triggers === 'off')
  const all = (part: (creation: TableCreation) => string[]) => made.flatMap(({ creation }) => part(creation))
  const around = {
    triggersOff: quiet.flatMap(({ facts }) => triggersOff(facts)),
    triggersOn: quiet.flatMap(({ facts }) => triggersOn(facts)),
  }
  switch (action) {
    case 'merge':
      return {
        ...around,
        create: all(({ create }) => create),
        lock: others.map(({ table, policy }) => lockRows(table, policy, pass)),
        change: mergeRows(group, pass),
        finish: [
          ...all(({ finish }) => finish),
          ...all(({ foreignKeys }) => foreignKeys.map(({ sql }) => sql)),
          ...all(({ sequences }) => sequences),
          ...made.map(({ facts }) => `ANALYZE ${tableSql(facts)}`),
        ],
        note: [
          ...group.map(({ table, policy }) => noteMerged(table, policy, pass)),
          ...group.flatMap(({ facts }) => setSequences(facts)),
        ],
      }
    case 'undo': {
      const staged = others.map(({ table }) => table)
      return {
        ...around,
        create: [],
        lock: [...made.map(({ facts }) => lockMade(facts)), ...staged.map((table) => lockMerged(table, pass))],
        change: staged.length > 0 ? restoreRows(staged, pass) : null,
        finish: made.length > 0 ? dropMade(made) : [],
        note: group.map(({ table }) => noteRestored(table, pass)),
      }
    }
  }
}

export const passStatements = (pass: MergePass, batch: string, action: 'merge' | 'undo'): string[] => {
  const parts = passParts(pass, batch, action)
  return [
    ...parts.create,
    ...parts.triggersOff,
    ...parts.lock,
    ...(parts.change === null ? [] : [parts.change]),
    ...parts.triggersOn,
    ...parts.finish,
    ...parts.note,
  ]
}

/** An undo goes through the passes of its merge from the last to the first. */
export const inverted = (passes: readonly MergePass[]): MergePass[] => [...passes].reverse()
