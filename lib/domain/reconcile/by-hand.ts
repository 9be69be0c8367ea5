import { quotedName } from '../text'
import type { MergePass } from './merge'
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
export interface PassParts {
  triggersOff: string[]
  lock: string[]
  change: string
  triggersOn: string[]
  note: string[]
}

export function passParts({ pass, tables }: MergePass, batch: string, action: 'merge' | 'undo'): PassParts {
  const group = tables.map((one) => ({ ...one, table: { facts: one.facts, batch, place: one.place } }))
  const quiet = group.filter(({ triggers }) => triggers === 'off')
  const around = {
    triggersOff: quiet.flatMap(({ facts }) => triggersOff(facts)),
    triggersOn: quiet.flatMap(({ facts }) => triggersOn(facts)),
  }
  switch (action) {
    case 'merge':
      return {
        ...around,
        lock: group.map(({ table, policy }) => lockRows(table, policy, pass)),
        change: mergeRows(group, pass),
        note: [
          ...group.map(({ table, policy }) => noteMerged(table, policy, pass)),
          ...group.flatMap(({ facts }) => setSequences(facts)),
        ],
      }
    case 'undo': {
      const staged = group.map(({ table }) => table)
      return {
        ...around,
        lock: staged.map((table) => lockMerged(table, pass)),
        change: restoreRows(staged, pass),
        note: staged.map((table) => noteRestored(table, pass)),
      }
    }
  }
}

export const passStatements = (pass: MergePass, batch: string, action: 'merge' | 'undo'): string[] => {
  const parts = passParts(pass, batch, action)
  return [...parts.triggersOff, ...parts.lock, parts.change, ...parts.triggersOn, ...parts.note]
}

/** An undo goes through the passes of its merge from the last to the first. */
export const inverted = (passes: readonly MergePass[]): MergePass[] => [...passes].reverse()
