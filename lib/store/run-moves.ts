import type { JsonValue } from '../domain/procedure/canonical'
import type { Check } from '../domain/procedure/types'
import { type RecordDraft, recordBody } from '../domain/record/chain'
import {
  nextRun,
  nextStep,
  type RunEvent,
  type RunState,
  runIsOver,
  type StepEvent,
  type StepState,
} from '../domain/run/states'
import type { Store } from './client'
import { ask, query } from './query'

/*
 * How runs and steps move: by listed transitions, each with its entry in the record, and under the runner's fence. One call is one
 * transaction. A statement's main SELECT reads every change that it makes, because PostgreSQL leaves those that are not read until
 * after it: the record's head, which all writers share, would then be held while a row of a run is waited for, and whoever holds
 * that row waits for the head. Order of locks: lease, step or approval, run, head.
 */

type Sql = Pick<Store, 'pool'>
type Facts = { [name: string]: JsonValue }
/** Our turn at driving runs: refused in the same statement when it is no longer ours by the store's clock. */
export interface Fence {
  lease: string
  holder: string
  epoch: number
}

interface StepMove {
  from: StepState
  event: StepEvent
  sentence?: string
  facts?: Facts
  touched?: boolean
  skippedBy?: { id: string; name: string; reason: string }
}

export interface RunMove {
  from: RunState
  event: RunEvent
  sentence?: string
  checks?: Check[]
  facts?: Facts
  /** Only while nothing else of the run was written since it was read. */
  version?: number
}

/** A move of one step, or of the run itself, and its entry in the record. */
type Move = ({ stepId: string } & StepMove) | ({ stepId: null } & RunMove)
export type RecordedMove = Move & { draft: RecordDraft }

const fenceClause = `SELECT 1 FROM lease WHERE name = $1 AND holder = $2 AND epoch = $3 AND expires_at > clock_timestamp() FOR KEY SHARE`
const fenceValues = (fence: Fence) => [fence.lease, fence.holder, fence.epoch]
/** The same, as functions of the store take it. */
export const fenced = ({ lease, holder, epoch }: Fence) => ({ lease, runner: holder, epoch })
export const finishedStates: StepState[] = ['confirmed', 'already-so', 'skipped', 'undone']
const forPeople = (state: RunState) => state === 'waiting' || state === 'needs-person' || state === 'paused'

/** A move as the store's function takes it. Throws when no such transition is listed. */
function asAsked(move: Move) {
  const { stepId: of, from, event, sentence, facts = {} } = move
  if (move.stepId === null) {
    const row = nextRun(move.from, move.event)
    if (!row) throw new Error(`A run in state ${from} has no way on by ${event}`)
    const { checks, version } = move
    const rest = { checks, version, ends: runIsOver(row.to), forPeople: forPeople(row.to) }
    return { of, from, to: row.to, says: sentence ?? row.says, facts, ...rest }
  }
  const row = nextStep(move.from, move.event)
  if (!row) throw new Error(`A step in state ${from} has no way on by ${event}`)
  const { touched = false, skippedBy } = move
  const rest = { touched, skippedBy, settled: finishedStates.includes(row.to) }
  return { of, from, to: row.to, says: sentence ?? row.says, facts, ...rest }
}

/**
 * Makes these moves of a run one after the other in one transaction, under the runner's fence. Ends at the first whose run or step
 * is elsewhere by now; an end of the run frees its locks, and time spent waiting for people is counted. Answers how many were made;
 * none when the fence is gone. Throws when a transition is not listed.
 */
export async function makeMoves(store: Sql, fence: Fence, runId: string, moves: RecordedMove[]): Promise<number> {
  const values = {
    ...fenced(fence),
    run: runId,
    moves: JSON.stringify(moves.map(asAsked)),
    bodies: moves.map(({ draft }) => recordBody(draft)),
  }
  return (await ask<number>(store, 'run_moves', values, true)) ?? 0
}

/** Moves one step. False when it is elsewhere by now or the fence is gone. */
export const moveStep = async (
  store: Sql,
  fence: Fence,
  runId: string,
  stepId: string,
  move: StepMove,
  draft: RecordDraft,
): Promise<boolean> => (await makeMoves(store, fence, runId, [{ ...move, stepId, draft }])) === 1

/** Moves a run likewise. */
export const moveRun = async (
  store: Sql,
  fence: Fence,
  runId: string,
  move: RunMove,
  draft: RecordDraft,
): Promise<boolean> => (await makeMoves(store, fence, runId, [{ ...move, stepId: null, draft }])) === 1

/** Adds to what a run knows without moving it. */
export async function addFacts(store: Sql, fence: Fence, runId: string, facts: Facts): Promise<boolean> {
  const result = await query(
    store,
    `WITH f AS (${fenceClause}) UPDATE run SET facts = facts || $5::jsonb, version = version + 1 WHERE id = $4 AND EXISTS (SELECT 1 FROM f)`,
    [...fenceValues(fence), runId, JSON.stringify(facts)],
    'add-facts',
  )
  return result.rowCount === 1
}

/** What a step is doing, for people; not a move and not recorded. */
export async function saySentence(
  store: Sql,
  fence: Fence,
  runId: string,
  stepId: string,
  sentence: string,
): Promise<void> {
  await query(
    store,
    `WITH f AS (${fenceClause}),
     s AS (UPDATE run_step SET sentence = $6 WHERE run_id = $4 AND step_id = $5 AND EXISTS (SELECT 1 FROM f) RETURNING 1)
     UPDATE run SET version = version + 1 WHERE id = $4 AND EXISTS (SELECT 1 FROM s)`,
    [...fenceValues(fence), runId, stepId, sentence],
    'say-sentence',
  )
}

/** The command that a step would send, shown before anything is done. */
export async function showCall(
  store: Sql,
  fence: Fence,
  runId: string,
  stepId: string,
  cli: string,
  digest: string,
): Promise<void> {
  await query(
    store,
    `WITH f AS (${fenceClause}) UPDATE run_step SET cli = $6, digest = $7 WHERE run_id = $4 AND step_id = $5 AND EXISTS (SELECT 1 FROM f)`,
    [...fenceValues(fence), runId, stepId, cli, digest],
    'show-call',
  )
}
