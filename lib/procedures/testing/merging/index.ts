import { z } from 'zod'
import type { DatabaseAddress } from '../../../ports/reconcile'
import { askMerge, type MergeBound, mergeBound, mergeOutgrown } from '../../point-in-time/merge-approval'
import { reconcileSteps, rightsToMerge } from '../../point-in-time/reconcile'
import { type ReconcileFacts, reconcileSchema } from '../../point-in-time/reconcile-facts'
import { procedure } from '../../procedure'

/** The least procedure around the steps that reconcile two databases. */
export interface Between {
  source: DatabaseAddress
  target: DatabaseAddress
  tables: string[]
  live: boolean
}

export const merging = (between: () => Between) =>
  procedure<unknown, ReconcileFacts, MergeBound>({
    slug: 'merging-for-tests',
    key: 'M1',
    version: 1,
    title: 'Merge',
    shortTitle: 'Merge',
    purpose: 'Merges rows.',
    chooseWhen: 'Rows are missing.',
    neverWhen: 'No rows are missing.',
    scenarios: [],
    topologies: [],
    needs: [],
    estimate: { lowSeconds: 10, highSeconds: 120 },
    loses: 'candidate',
    unsuited: {},
    inputs: z.unknown(),
    facts: reconcileSchema,
    bound: mergeBound,
    fields: () => [],
    describeInputs: () => [],
    imagined: () => ({ inputs: {}, facts: {} }),
    preflight: async (world) => [await rightsToMerge(world, between())],
    ask: async (world, ctx) => askMerge(world, ctx),
    outgrown: mergeOutgrown,
    steps: () => reconcileSteps<unknown, ReconcileFacts>({ of: between, live: () => between().live }),
    obligations: () => [],
    measures: { facts: [], of: () => [] },
    watchers: [],
  })
