import { readNodeKey } from '../domain/cluster/node-key'
import type { NodeView, Snapshot } from '../domain/cluster/types'
import type { AwsQuestions, AwsRequest, Call, SqlCall } from '../domain/procedure/call'
import { renderCall } from '../domain/procedure/render'
import type { AnyProcedure, AnyStep, StepContext, Surroundings } from './contract'
import type { FixedNode } from './facts'

/* The commands of a step as text: for the page of a procedure, before any run, and for steps that only look. */

/** A question to the managed API, as a person would put it manually. */
export const readOf = <Operation extends keyof AwsQuestions>(
  environment: Surroundings,
  operation: Operation,
  input: AwsQuestions[Operation],
): AwsRequest<Operation, AwsQuestions[Operation]> => ({
  kind: 'aws',
  service: 'rds',
  operation,
  region: environment.aws.region,
  input,
})

/** The question about one instance in the other region, by its key. */
export function readElsewhere(environment: Surroundings, key: string) {
  const { name, elsewhere } = readNodeKey(key)
  const question = readOf(environment, 'DescribeDBInstances', { DBInstanceIdentifier: name })
  return { ...question, region: elsewhere ?? environment.aws.drRegion }
}

/** What can only be known in a run, in the place where it will stand. */
export const placeholder = (what: string): string => `<${what}>`

const positionStatement =
  'SELECT pg_is_in_recovery(), CASE WHEN pg_is_in_recovery() THEN GREATEST(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) ELSE pg_current_wal_flush_lsn() END'

/** Questions to one node, beginning with its role and position. */
export function readPositionOf(
  environment: Surroundings,
  node: { host: string | null; port: number | null } | null,
  more: string[] = [],
): SqlCall {
  const { name, user } = environment.database
  return {
    kind: 'sql',
    host: node?.host ?? placeholder('address of the node'),
    port: node?.port ?? 5432,
    user,
    database: name,
    statements: [positionStatement, ...more],
  }
}

interface StepPreview {
  /** What the step looks at, and then what it may send, ready to paste but for what stands in `<...>`. */
  commands: string[]
  /** How it is put back; null when it cannot be, or needs nothing. */
  undo: string | null
}

/** Every call that a step may come to make, with the case in which it makes it; null when there is but one. */
export function callsOf(
  step: AnyStep,
  ctx: StepContext<unknown, unknown>,
  environment: Surroundings,
): { when: string | null; call: Call }[] {
  if (step.alternatives) return step.alternatives(ctx, environment)
  const call = step.call?.(ctx, environment) ?? null
  return call ? [{ when: null, call }] : []
}

/** The commands of one step as far as inputs and facts say. */
export function previewOf(step: AnyStep, ctx: StepContext<unknown, unknown>, environment: Surroundings): StepPreview {
  const looks = step.shows?.(ctx, environment) ?? []
  const acts = callsOf(step, ctx, environment).map(({ when, call }) =>
    when === null ? renderCall(call) : `# ${when}\n${renderCall(call)}`,
  )
  return {
    commands: [...looks.map(renderCall), ...acts],
    undo: step.undo ? renderCall(step.undo.call(ctx, environment)) : null,
  }
}

/** The commands of each step with live defaults, by step id. */
export function previewsOf(
  procedure: AnyProcedure,
  snapshot: Snapshot | null,
  environment: Surroundings,
): Map<string, StepPreview> {
  const ctx = {
    runId: placeholder('run'),
    mode: 'real',
    startedAt: 0,
    ...procedure.imagined(snapshot, environment),
  } as const
  const preview = (step: AnyStep): StepPreview => {
    try {
      return previewOf(step, ctx, environment)
    } catch {
      // What this step sends only a run can know; the page of the procedure must not be lost for it.
      return { commands: [], undo: null }
    }
  }
  return new Map(procedure.steps(environment, ctx.inputs).map((step) => [step.id, preview(step)]))
}

/** A node as a run would fix it, with its role in place of what is not known. */
export function imaginedNode(node: NodeView | null, role: string): FixedNode {
  return {
    id: node?.id ?? placeholder(role),
    host: node?.address?.host ?? placeholder(`address of the ${role}`),
    port: node?.address?.port ?? 5432,
    zone: node?.zone ?? placeholder('zone'),
    instanceClass: node?.instanceClass ?? placeholder('class'),
    timeline: node?.position.value?.timeline ?? null,
    lsn: node?.position.value?.lsn ?? null,
    multiAz: false,
    securityGroupIds: [placeholder('former security groups')],
  }
}
