import { rangesOf } from '../../domain/cluster/survey'
import { differenceWords } from '../../domain/restore/compare'
import { failures, findingsWords } from '../../domain/restore/validation'
import { sampledTables } from '../../domain/run/baseline'
import type { Step, Verdict } from '../contract'
import { needed } from '../facts'
import { askPosition } from '../looking'
import { readOf, readPositionOf } from '../previewing'
import { type CopyMaker, copyDifferences, ownCopy } from './copy'
import type { CopyFacts } from './copy-facts'

/** Restored is not the same as alike: what RDS set is compared with the source, setting by setting. */
export const compareCopy = <I>(maker: CopyMaker<I>): Step<I, CopyFacts> => ({
  id: 'compare-copy',
  title: 'Compare the settings of the copy',
  effect: 'READ',
  estimate: { lowSeconds: 2, highSeconds: 120 },
  why: 'RDS restores into the default groups of the account unless told otherwise, and a copy that differs fails under load.',
  provedBy:
    'Settings and tags are those of the source. The copy is in the recovery group only, and its writer responds.',
  undoneBy: null,
  everyMs: 5_000,
  forMs: 300_000,
  serves: ['security-groups'],
  shows: (ctx, environment) => [
    readOf(environment, 'DescribeDBClusters', { DBClusterIdentifier: ctx.facts.copyId ?? '' }),
  ],
  async verify(world, ctx): Promise<Verdict<CopyFacts>> {
    const seen = await ownCopy(world, ctx)
    if ('says' in seen) return { state: 'failed', says: seen.says }
    const { copy } = seen
    const differences = copyDifferences(maker, ctx, world.environment, copy, false)
    if (differences.length > 0)
      return {
        state: 'failed',
        says: `The copy differs from its source. ${differences.map(differenceWords).join(' ')} Change it manually and retry.`,
        facts: { differences },
      }
    const writer = copy.instances.find((i) => i.isWriter)
    const { endpoint } = copy
    if (!writer || !endpoint) return { state: 'not-yet', says: `RDS names no writer of ${copy.id} yet.` }
    const answer = await askPosition(world, endpoint)
    if (!answer.ok) return { state: 'not-yet', says: `${copy.id} does not respond yet: ${answer.why}` }
    if (answer.position.standby) return { state: 'not-yet', says: `${copy.id} is still recovering.` }
    return {
      state: 'proved',
      says: `${copy.id} has the settings of its source, and takes no application traffic.`,
      facts: {
        differences,
        endpoint,
        readerEndpoint: copy.readerEndpoint,
        target: {
          id: writer.id,
          host: endpoint.host,
          port: endpoint.port,
          zone: writer.zone,
          instanceClass: writer.instanceClass,
          timeline: answer.position.timeline,
          lsn: answer.position.flushLsn === null ? null : String(answer.position.flushLsn),
          multiAz: writer.multiAz,
          securityGroupIds: copy.attributes.securityGroupIds,
        },
        targetBeat: answer.position.beat,
      },
    }
  },
})

/** Looking through indexes and counting everything may take as long as a large table needs, ms. */
const countingMs = 300_000

/** Does the copy hold what it must, and not the damage? By counting, never by statistics. */
export const validateCopy = <I>(maker: CopyMaker<I>): Step<I, CopyFacts> => ({
  id: 'validate-copy',
  title: 'Validate the copy',
  effect: 'READ',
  estimate: { lowSeconds: 30, highSeconds: 15 * 60 },
  why: 'A restore that ended without an error proves nothing about the data: each check has a criterion.',
  provedBy:
    'Counts, checksums, business queries, foreign keys, sequences, indexes, extensions and collations pass. The copy does not contain the damage.',
  undoneBy: null,
  everyMs: 5_000,
  forMs: 600_000,
  serves: ['data-integrity'],
  shows: (ctx, environment) => [
    readPositionOf(environment, ctx.facts.endpoint ?? null, [
      ...environment.database.criticalTables.map((table) => `SELECT '${table}', count(*) FROM ${table}`),
      ...(environment.database.businessQueries ?? []).map(({ sql }) => sql),
    ]),
  ],
  async verify(world, ctx): Promise<Verdict<CopyFacts>> {
    const { environment } = world
    const { facts, inputs } = ctx
    const endpoint = needed(facts.endpoint, 'the address of the copy')
    const source = facts.baseline?.survey ?? null
    const damaged = maker.damaged(inputs)
    const queries = environment.database.businessQueries ?? []
    const survey = await world.survey(endpoint, {
      tables: [...new Set([...environment.database.criticalTables, ...damaged])],
      ...(source && { upTo: rangesOf(source) }),
      queries: queries.map(({ name, sql }) => ({ name, sql })),
      orphans: true,
      indexes: true,
      withinMs: countingMs,
    })
    // The heartbeat as the restore left it: nobody writes to the copy before it is opened.
    const findings = maker.judge(
      ctx,
      { beat: facts.targetBeat ?? null, survey },
      { source, criticalTables: environment.database.criticalTables, damaged, queries },
    )
    const says = findingsWords(findings)
    const failed = failures(findings).length > 0
    const { criticalTables } = environment.database
    const sampled = failed ? [] : sampledTables(criticalTables, damaged, source)
    const asked = !failed && maker.cutsOver(inputs) ? criticalTables : sampled
    // Over their whole range: the source was counted over what the damage had left.
    const sample =
      asked.length > 0 ? await world.survey(endpoint, { tables: [...asked], withinMs: countingMs }) : { tables: [] }
    const copy = needed(facts.copyId, 'the copy')
    return {
      state: failed ? 'failed' : 'proved',
      says: failed ? `${says} Choose ${maker.another}, or continue without this check and give the reason.` : says,
      facts: {
        findings,
        validatedAt: failed ? null : world.now(),
        goodSample: failed ? null : { copy, tables: sample.tables.filter(({ table }) => sampled.includes(table)) },
        copySample: failed || !maker.cutsOver(inputs) ? null : { copy, tables: sample.tables },
      },
    }
  },
  revisions: maker.revisions,
})
