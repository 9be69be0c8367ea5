import { readNodeKey } from '../domain/cluster/node-key'
import { failoverUnfit } from '../domain/cluster/topology'
import type { CandidateView } from '../domain/cluster/types'
import type { InputField } from '../domain/procedure/types'
import { byteWords, durationWords } from '../domain/units'
import type { Standing } from '../ports/standing'
import { type Ask, type Facts, procedure, type Step, type StepContext, type Surroundings, type World } from './contract'
import { type FailoverFacts, factsOf, needed } from './facts'
import { imaginedFailover } from './failover-imagined'
import { type FailoverInputs, failoverInputs } from './failover-inputs'
import { failoverChecks } from './failover-preflight'
import { failoverRevisions } from './failover-revisions'
import { failoverRights } from './failover-rights'
import { candidateIn } from './looking'
import { commonChecks } from './preflight'
import { baseline } from './steps/baseline'
import { close } from './steps/close'
import { confirm } from './steps/confirm'
import { failOver } from './steps/fail-over'
import { fenceFirst, fenceOldWriter } from './steps/fence'
import { holdTraffic, switchPooler } from './steps/hold-traffic'
import { endLeftSessions } from './steps/left-sessions'
import { isPoolerDuty } from './steps/pooler'
import { readersFollow } from './steps/readers-follow'
import { switchWorkload } from './steps/switch-workloads'
import { verifyRecovery } from './steps/verify-recovery'

const estimate = { lowSeconds: 15 * 60, highSeconds: 30 * 60 }

/** Read from top to bottom, this is the runbook's first procedure. */
export const primaryFailover = procedure<FailoverInputs>({
  slug: 'primary-failover',
  key: 'P1',
  version: 13,
  title: 'Primary database failover',
  purpose: 'Makes a reader in the same region the writer, and leads all traffic to it.',
  chooseWhen: 'The writer is down and that is confirmed, or for a planned drill.',
  neverWhen: 'Data is damaged or was deleted: the readers hold the same damage. Use point-in-time recovery.',
  scenarios: ['S1'],
  topologies: ['hybrid', 'aurora', 'multi_az_cluster', 'instance'],
  unfit: failoverUnfit,
  estimate,
  loses: 'candidate',
  unsuited: {
    S2: 'Readers contain the same damage; a failover keeps it.',
    S4: 'Readers contain the same damage; a failover keeps it.',
  },
  inputs: failoverInputs,
  fields,
  describeInputs: (inputs) => [
    { label: 'Target', value: inputs.target },
    { label: 'Loss allowed', value: `${inputs.maxLossSeconds} s` },
    { label: 'Wait for RDS to begin by itself', value: `${inputs.waitForAutomaticSeconds} s` },
    { label: 'Connections', value: connectionWords[inputs.connectionMode] },
    ...(inputs.overrideReason ? [{ label: 'Diagnosis set aside', value: inputs.overrideReason }] : []),
  ],
  imagined: imaginedFailover,
  async preflight(world, ctx) {
    const needs = {
      scenarios: ['S1'],
      estimateSeconds: estimate.highSeconds,
      operations: (fleet: Standing) => failoverRights(world.environment, fleet, ctx.inputs.target),
      overrideReason: ctx.inputs.overrideReason,
    }
    const [common, own] = await Promise.all([commonChecks(world, ctx, needs), failoverChecks(world, ctx)])
    return [...common, ...own]
  },
  ask,
  outgrown,
  steps: (environment): Step<FailoverInputs>[] => [
    confirm,
    baseline,
    approve,
    ...(environment.poolers.length > 0 ? [holdTraffic(environment)] : []),
    ...(environment.aws.quarantineSecurityGroupId ? [fenceFirst(environment)] : []),
    failOver,
    fenceOldWriter(environment),
    ...(environment.poolers.length > 0 ? [switchPooler(environment)] : []),
    ...(environment.kubernetes?.deployments ?? []).map((deployment) => switchWorkload(environment, deployment)),
    readersFollow,
    verifyRecovery,
    endLeftSessions(environment),
    close,
  ],
  // Before a promotion there is no new writer that the pooler could route to.
  obligations: (facts) =>
    (factsOf(facts).obligations ?? []).filter(
      (o) => !isPoolerDuty(o.id) || factsOf(facts).promotedAt !== undefined || o.state !== 'open',
    ),
})

/** P1.3: a second person says yes to exactly what was shown, or the platform makes it needless. */
const approve: Step<FailoverInputs> = {
  id: 'approve',
  number: 'P1.3',
  title: 'Approve the failover',
  effect: 'READ',
  estimate: { lowSeconds: 10, highSeconds: 600 },
  why: 'What the target never received is lost for good. Two people look at that figure before it becomes true.',
  provedBy:
    'A yes by another person than the one who started, to exactly these commands and this loss, not older than ten minutes.',
  undoneBy: null,
  asks: true,
  everyMs: 1_000,
  forMs: 600_000,
  async observe(world, ctx) {
    const seen = await needed(failOver.observe, 'the look at the failover')(world, ctx)
    const { verdict, acceptedInstead, target } = factsOf(ctx.facts)
    // A person chose to follow another writer than the one that was agreed on: that takes a yes of its own.
    if (acceptedInstead && seen.state !== 'conflict')
      return {
        state: 'not-started',
        says: `RDS made ${target?.id ?? 'another node'} the writer, not ${acceptedInstead}. Asks whether the run goes on with it.`,
      }
    if (seen.state === 'conflict') return seen
    if (seen.state === 'done' || (seen.state === 'in-flight' && verdict === 'failing-over'))
      return {
        state: 'done',
        says: `${seen.says} RDS has acted by itself; no approval is needed to follow it.`,
        facts: { adopted: seen.says },
      }
    return { state: 'not-started', says: seen.says }
  },
  async verify() {
    return { state: 'proved', says: 'Approved.' }
  },
  revisions: failoverRevisions,
}

async function ask(world: World, ctx: StepContext<FailoverInputs>): Promise<Ask> {
  const facts = factsOf(ctx.facts)
  const target = needed(facts.target, 'the target')
  const writer = needed(facts.writerBefore, 'the writer')
  const known = facts.acceptedInstead ? lossBefore(facts, target.id) : lossNow(world, target.id)
  const unlogged = facts.baseline?.survey?.unlogged ?? []
  const atMost = known
    ? `${durationWords(known.atMost.seconds * 1000)}${known.atMost.bytes === null ? '' : ` (${byteWords(known.atMost.bytes)})`}`
    : null
  return {
    title: `${facts.acceptedInstead ? `Go on with ${target.id}, which RDS promoted` : `Fail over to ${target.id}`}, ${atMost ? `lose at most ${atMost}` : 'loss not known'}`,
    typeToConfirm: target.id,
    facts: [
      { label: 'Environment', value: world.environment.name },
      { label: 'Cluster', value: facts.clusterId ?? '' },
      { label: 'Writer before', value: writer.id },
      { label: 'Target', value: `${target.id} in ${target.zone}` },
      ...(facts.acceptedInstead ? [{ label: 'In place of', value: facts.acceptedInstead }] : []),
      { label: 'Loss allowed', value: `${ctx.inputs.maxLossSeconds} s` },
      {
        label: 'What was found',
        value:
          facts.verdict !== 'healthy'
            ? 'The writer is down'
            : ctx.mode === 'real'
              ? 'The writer answers'
              : 'The writer answers: a drill',
      },
      ...(ctx.inputs.overrideReason ? [{ label: 'Diagnosis set aside', value: ctx.inputs.overrideReason }] : []),
      ...(unlogged.length > 0 ? [{ label: 'Empty afterwards', value: `${unlogged.join(', ')} (unlogged)` }] : []),
    ],
    loss: known
      ? {
          atLeast: `${durationWords(known.atLeast.seconds * 1000)} (${byteWords(known.atLeast.bytes)})`,
          atMost: atMost ?? '',
          confidence: known.confidence,
        }
      : null,
    covers: ['fence-first', 'fail-over', 'fence'],
    bound: {
      writer: writer.id,
      target: target.id,
      /** The target is the writer: its loss has happened, and what is left to do lessens it. */
      promoted: facts.promotedAt !== undefined,
      atLeastSeconds: known ? round(known.atLeast.seconds) : null,
      atLeastBytes: known ? known.atLeast.bytes : null,
    } satisfies FailoverBound,
  }
}

/** What an approval of a failover is bound to. A figure that is not known is null. */
type FailoverBound = {
  writer: string
  target: string
  promoted: boolean
  atLeastSeconds: number | null
  atLeastBytes: number | null
}
type KnownLoss = Omit<Extract<CandidateView['loss'], { known: true }>, 'known'>

function lossNow(world: World, id: string): KnownLoss | null {
  const loss = candidateIn(world.snapshot(), id)?.loss
  return loss?.known ? loss : null
}

/** Of a node that is the writer by now: what it missed when the baseline was taken, the last time that anybody could tell. */
function lossBefore({ baseline }: FailoverFacts, id: string): KnownLoss | null {
  const kept = baseline?.losses.find((loss) => loss.nodeId === id)
  if (!kept || kept.atLeastSeconds === null || kept.atLeastBytes === null || kept.atMostSeconds === null) return null
  return {
    atLeast: { seconds: kept.atLeastSeconds, bytes: kept.atLeastBytes },
    atMost: { seconds: kept.atMostSeconds, bytes: kept.atMostBytes },
    confidence: 'low',
  }
}

const round = (seconds: number) => Math.round(seconds * 10) / 10

/**
 * By how much each figure of the certain loss may grow before approval is requested again: less than a person would mind,
 * and more than the figures move while a writer is alive (16 MiB is one segment of WAL).
 */
const tolerance = { atLeastSeconds: 2, atLeastBytes: 16 * 2 ** 20 } as const

/** Approvals of before this version carry no `promoted`; anything that is not a number is an unknown figure. */
const figure = (value: unknown): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : null)

/**
 * Why an approval no longer holds, or null. Each figure counts by itself, one that has become unknown invalidates the
 * approval, and one that was unknown counts from zero.
 */
export function outgrown(approved: Facts, now: Facts): string | null {
  if (approved.writer !== now.writer) return `The writer is now ${now.writer}, not ${approved.writer}.`
  if (approved.target !== now.target) return `The target is now ${now.target}, not ${approved.target}.`
  if (now.promoted === true) return null
  for (const name of ['atLeastSeconds', 'atLeastBytes'] as const) {
    const [before, after] = [figure(approved[name]), figure(now[name])]
    if (after === null) {
      if (before !== null) return 'The loss that was shown can no longer be confirmed.'
    } else if (after - (before ?? 0) > tolerance[name]) {
      const grown = name === 'atLeastSeconds' ? durationWords(after * 1000) : byteWords(after)
      return `The certain loss has grown to ${grown}.`
    }
  }
  return null
}

const connectionWords: Record<FailoverInputs['connectionMode'], string> = {
  auto: 'Leave names that follow the writer; change the others',
  pgbouncer: 'Through the pooler',
  env: 'Cluster endpoint in the pods’ environment',
}

function fields(snapshot: Parameters<typeof candidateIn>[0], environment: Surroundings): InputField[] {
  const candidates = (snapshot?.candidates ?? []).filter((c) => readNodeKey(c.nodeId).elsewhere === null)
  const best = candidates.find((c) => c.best) ?? candidates.find((c) => c.allowed !== 'no')
  return [
    {
      name: 'target',
      label: 'Target',
      help: 'The reader that becomes the writer. The first has the least to lose.',
      type: 'choice',
      choices: candidates.map((c) => ({
        value: c.nodeId,
        label: c.nodeId === snapshot?.writerId ? `${c.nodeId}, its standby` : c.nodeId,
        note: c.reason,
      })),
      default: best?.nodeId ?? '',
    },
    {
      name: 'maxLossSeconds',
      label: 'Loss allowed',
      help: 'The run refuses to act when more than this is certainly lost.',
      type: 'number',
      min: 0,
      max: 3600,
      unit: 's',
      default: 60,
    },
    {
      name: 'waitForAutomaticSeconds',
      label: 'Wait for RDS to begin by itself',
      help: 'RDS fails over on its own in most cases. Zero does not wait.',
      type: 'number',
      min: 0,
      max: 300,
      unit: 's',
      default: environment.kind === 'production' ? 60 : 0,
    },
    {
      name: 'connectionMode',
      label: 'Connections',
      help: 'How the application is led to the new writer.',
      type: 'choice',
      choices: Object.entries(connectionWords)
        .filter(([mode]) => mode !== 'pgbouncer' || environment.poolers.length > 0)
        .map(([value, label]) => ({ value, label, note: null })),
      default: 'auto',
    },
    {
      name: 'overrideReason',
      label: 'Set the diagnosis aside',
      help: 'Only when you know better than the probes: say why. It is recorded, and whoever approves sees it. Empty in most cases.',
      type: 'text',
      default: '',
    },
  ]
}
