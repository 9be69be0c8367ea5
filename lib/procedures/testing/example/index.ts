import { z } from 'zod'
import type { AwsCall } from '../../../domain/procedure/call'
import { type Obligation, withObligation } from '../../../domain/run/obligation'
import type { Step, StepContext, Surroundings, Verdict, Watcher, World } from '../../contract'
import { obligationSchema, readFacts } from '../../facts'
import { procedure } from '../../procedure'

/*
 * A procedure as small as one can be that has everything: an approval and one dangerous effect, a form, measures, an
 * obligation, and a watcher that acts after the run. Nothing outside this folder knows it.
 */

const inputs = z.object({ retentionDays: z.number().int().min(1).max(35) })
type Inputs = z.output<typeof inputs>

const facts = z
  .object({
    ...obligationSchema.shape,
    /** When it was first seen protected. */
    protectedAt: z.number(),
    /** Since when it is known to have lapsed; null when it has not. */
    lapsedAt: z.number().nullable(),
    lapses: z.number(),
  })
  .partial()
type Kept = z.output<typeof facts>

const mustLast: Obligation = {
  id: 'protection-lasts',
  title: 'The protection must last',
  why: 'It was set a moment ago. It is watched.',
  state: 'open',
}
const met = (kept: Kept) => (kept.obligations ?? []).map((one) => ({ ...one, state: 'met' as const }))

const protection = (ctx: Pick<StepContext<Inputs>, 'inputs'>, { aws }: Surroundings): AwsCall => ({
  kind: 'aws',
  service: 'rds',
  operation: 'ModifyDBCluster',
  region: aws.region,
  input: {
    DBClusterIdentifier: aws.clusterId,
    BackupRetentionPeriod: ctx.inputs.retentionDays,
    DeletionProtection: true,
    ApplyImmediately: true,
  },
})
const isProtected = async (world: World): Promise<boolean> =>
  (await world.fleet.guarded(world.environment.aws.clusterId, [])).cluster?.deletionProtection === true

const words = {
  estimate: { lowSeconds: 1, highSeconds: 60 },
  undoneBy: null,
  everyMs: 1_000,
  forMs: 60_000,
}
const approve: Step<Inputs, Kept> = {
  ...words,
  id: 'consent',
  title: 'Approve the protection',
  effect: 'READ',
  why: 'Two people look at what is changed.',
  provedBy: 'An approval by another person.',
  asks: true,
  verify: async () => ({ state: 'proved', says: 'Approved.' }),
}
const protect: Step<Inputs, Kept> = {
  ...words,
  id: 'protect',
  title: 'Protect the cluster from deletion',
  effect: 'DANGEROUS',
  why: 'Whoever deletes it by mistake is refused.',
  provedBy: 'RDS describes the cluster as protected.',
  standing: true,
  call: protection,
  observe: async (world) =>
    (await isProtected(world))
      ? { state: 'done', says: 'The cluster is protected.' }
      : { state: 'not-started', says: 'The cluster is not protected.' },
  async verify(world): Promise<Verdict<Kept>> {
    if (!(await isProtected(world))) return { state: 'not-yet', says: 'The cluster is not protected yet.' }
    return {
      state: 'proved',
      says: 'The cluster is protected.',
      facts: { protectedAt: world.now(), obligations: withObligation({}, mustLast) },
    }
  },
}

/** Somebody may take the protection away after the run: that is told once, and it is set again by the run's approval. */
const watchProtection: Watcher<Inputs, Kept> = {
  stepId: 'protect',
  title: 'The protection',
  everyMs: 5_000,
  after: { facts: ['protectedAt'], ended: 'protect' },
  facts,
  async look(world, ctx) {
    if (await isProtected(world))
      return {
        news: (kept) =>
          kept.lapsedAt == null
            ? null
            : {
                says: 'The cluster is protected again.',
                facts: { lapsedAt: null, obligations: met(kept) },
              },
      }
    return {
      news: (kept) =>
        kept.lapsedAt != null
          ? null
          : {
              alarm: true,
              says: 'The cluster is no longer protected.',
              facts: { lapsedAt: world.now(), lapses: (kept.lapses ?? 0) + 1 },
            },
      send: { stepId: 'protect', call: protection(ctx, world.environment), because: 'the protection was taken away' },
    }
  },
}

export const example = procedure<Inputs, Kept, Record<string, never>>({
  slug: 'example-protection',
  key: 'E1',
  version: 1,
  title: 'Protection from deletion',
  shortTitle: 'Protection',
  purpose: 'Refuses whoever deletes the cluster by mistake.',
  chooseWhen: 'Something deletes what it should not.',
  neverWhen: 'The cluster is to be deleted.',
  scenarios: ['S3'],
  topologies: ['aurora', 'hybrid'],
  needs: [{ candidate: 'in-region', otherwise: 'Without a reader there is nothing to protect.' }],
  estimate: { lowSeconds: 10, highSeconds: 120 },
  loses: 'candidate',
  unsuited: { S1: 'A writer that is down needs no protection.' },
  inputs,
  facts,
  bound: z.object({}),
  fields: () => [
    {
      name: 'retentionDays',
      label: 'Backups kept',
      help: 'How long backups are kept from now on.',
      type: 'number',
      min: 1,
      max: 35,
      unit: 'days',
      default: 14,
    },
  ],
  describeInputs: ({ retentionDays }) => [{ label: 'Backups kept', value: `${retentionDays} days` }],
  imagined: () => ({ inputs: { retentionDays: 14 }, facts: {} }),
  preflight: async () => [{ id: 'E1-a', title: 'Cluster', result: 'pass', message: 'The cluster can be changed.' }],
  ask: async (world) => ({
    title: `Protect ${world.environment.aws.clusterId}`,
    typeToConfirm: world.environment.aws.clusterId,
    facts: [],
    loss: null,
    covers: ['protect'],
    bound: {},
  }),
  outgrown: () => null,
  steps: () => [approve, protect],
  obligations: (kept) => kept.obligations ?? [],
  measures: {
    facts: ['protectedAt', 'lapses'],
    of(stored) {
      const { protectedAt, lapses } = readFacts(facts, stored).facts
      return [
        { label: 'Protected', value: protectedAt ?? null, unit: 'time', objective: 'rto', clock: 'restoredAt' },
        { label: 'Times the protection lapsed', value: lapses ?? 0, unit: 'count', objective: null },
      ]
    },
  },
  watchers: [watchProtection],
})
