import { answerStep } from '../../../commands/run/answer-step'
import { startRun } from '../../../commands/run/start-run'
import type { Run } from '../../../domain/run/run'
import { needed } from '../../../procedures/facts'
import { pointFacts } from '../../../procedures/point-in-time/facts'
import { chooseStepId, comparisonOf } from '../../../procedures/point-in-time/reconcile-facts'
import { type At, labCount, labMoment, labSql } from '../lab-sql'
import type { Scene } from '../scene'
import { until } from '../until'
import { type LabDrive, LabUnfit, type Prepared } from './drive'
import { madeBy, unfenced } from './lab'

/** Rows of this table go, and come back. */
const table = 'castings'
const confirmed = { maintenanceBy: 'Morgan Lee' }

const countOf = async (scene: Scene, address: At) => labCount(scene, address, table)

/** A moment before any damage, and what the table held then: a lab that is used again is restored to the same. */
const undamaged = new WeakMap<Scene, { at: number; rows: number }>()

/** Damages the source. Answers to what it is restored. Throws LabUnfit. */
async function damage(scene: Scene): Promise<{ at: number; rows: number }> {
  const source = scene.lab.lab.context.cluster.writerEndpoint
  // Damage of an earlier strike may still be shown: it stays until somebody dismisses it.
  if (!(await until(async () => scene.snapshot()?.diagnosis.kind !== undefined, 60_000)))
    throw new LabUnfit('Nothing is known of the source')
  const rows = await countOf(scene, source)
  const good = undamaged.get(scene) ?? { at: await labMoment(scene, source), rows }
  undamaged.set(scene, good)
  if (rows !== good.rows) throw new LabUnfit(`The source has ${rows} rows of ${good.rows}`)
  await labSql(scene, source, `DELETE FROM ${table} WHERE id % 5 < 3`)
  // As the picture on which the form is checked shows it.
  const restorable = async () => (scene.snapshot()?.backups.value?.latestRestorableAt ?? 0) > good.at
  if (!(await until(restorable, 90_000))) throw new LabUnfit('The source cannot be restored to before the damage')
  return good
}

/** A run leaves one copy, which is the one that it names, and nothing else. */
function orphans(scene: Scene, run: Run): string[] {
  const copy = String(run.facts.copyId)
  const found = madeBy(scene, run)
  const expected = { clusters: [copy], instances: [`${copy}-1`, `${copy}-2`] }
  return JSON.stringify(found) === JSON.stringify(expected) ? [] : [`${JSON.stringify(found)} was made`]
}

const start = async (scene: Scene, inputs: Record<string, unknown>): Promise<string> =>
  (
    await startRun(
      await scene.as('responder'),
      scene.environment,
      {
        slug: 'point-in-time-recovery',
        mode: 'drill',
        reason: 'A rehearsal in which the runner is lost',
        inputs: { instanceCount: 2, damagedTables: table, ...inputs },
      },
      scene.snapshot(),
    )
  ).id

/** What is sent once: what makes something, and what opens it. */
const once: Prepared['once'] = ({
  operation,
  parameters: { DBClusterIdentifier: cluster, DBInstanceIdentifier: id },
}) => {
  switch (operation) {
    case 'RestoreDBClusterToPointInTime':
      return `restore of ${cluster}`
    case 'CreateDBInstance':
      return `creation of ${id}`
    case 'ModifyDBCluster':
      return `opening of ${cluster}`
    case 'DeleteDBCluster':
    case 'DeleteDBInstance':
      return `deletion of ${id ?? cluster}`
    default:
      return null
  }
}
const endpointOf = ({ facts }: Run) => needed(pointFacts.parse(facts).endpoint, 'the address of the copy')
const madeNames = ({ facts: { copyId } }: Run) => [
  `restore of ${copyId}`,
  `creation of ${copyId}-1`,
  `creation of ${copyId}-2`,
]

/** The rows are chosen as soon as they are compared. */
async function choose(scene: Scene, run: Run): Promise<void> {
  const asks = run.steps.some(({ stepId, state }) => stepId === chooseStepId && state === 'verifying')
  const comparison = comparisonOf(run.facts)
  if (!asks || !comparison || run.facts[`answer/${chooseStepId}`]) return
  const tables = comparison.tables.map((one) => ({
    table: one.table,
    policy: { kind: 'insert-missing' as const },
    triggers: 'on' as const,
  }))
  await answerStep(await scene.as('commander'), scene.environment, {
    ...{ runId: run.id, stepId: chooseStepId },
    answer: { batch: comparison.batch, tables },
  })
}

async function removeCopy(scene: Scene, run: Run): Promise<void> {
  const { estate } = scene.lab.lab.context
  const { clusters, instances } = madeBy(scene, run)
  for (const id of instances) estate.deleteInstance(id, null)
  for (const id of clusters) estate.deleteCluster(id, null)
  const gone = async () => madeBy(scene, run).clusters.length === 0
  if (!(await until(gone, 60_000))) throw new LabUnfit('The copy is not gone')
}

const shared = {
  slug: 'point-in-time-recovery',
  // The instances of the copy.
  parallel: { effects: [2, 3] },
  control: 1,
  heldAfter: false,
  limitMs: 240_000,
}

export const inspect: LabDrive = {
  ...shared,
  name: 'point-in-time-recovery:inspect',
  inputs: { goal: 'inspect', instanceCount: 2, damagedTables: table },
  certain: { write: 40, effect: 3 },
  // What it does is the beginning of the others.
  sampled: { effects: 0, writes: 0 },
  // Nothing brings the rows back.
  reusable: false,
  async prepare(scene) {
    const good = await damage(scene)
    return {
      start: () => start(scene, { goal: 'inspect', at: new Date(good.at).toISOString() }),
      once,
      wanted: madeNames,
      async wrong(run) {
        const rows = await countOf(scene, endpointOf(run))
        return [...(rows === good.rows ? [] : [`The copy has ${rows} rows of ${good.rows}`]), ...orphans(scene, run)]
      },
    }
  },
}

export const extractRows: LabDrive = {
  ...shared,
  name: 'point-in-time-recovery:extract',
  inputs: { goal: 'extract', instanceCount: 2, damagedTables: table },
  certain: { write: 40, effect: 5 },
  sampled: { effects: 1, writes: 1 },
  reusable: true,
  async prepare(scene) {
    const good = await damage(scene)
    const source = scene.lab.lab.context.cluster.writerEndpoint
    return {
      start: () => start(scene, { goal: 'extract', at: new Date(good.at).toISOString() }),
      people: (run) => choose(scene, run),
      once,
      wanted: madeNames,
      async wrong(run) {
        const rows = await countOf(scene, source)
        return [...(rows === good.rows ? [] : [`${rows} rows of ${good.rows} are there again`]), ...orphans(scene, run)]
      },
      tidy: (run) => removeCopy(scene, run),
    }
  },
}

export const cutOver: LabDrive = {
  ...shared,
  name: 'point-in-time-recovery:cutover',
  inputs: { goal: 'cutover', instanceCount: 2, ...confirmed, maintenanceAt: '2026-11-29T03:00:00Z' },
  certain: { write: 60, effect: 7 },
  sampled: { effects: 1, writes: 0 },
  // The application is on the copy afterwards, and the pooler still leads to the source.
  reusable: false,
  heldAfter: true,
  async prepare(scene) {
    const good = await damage(scene)
    const at = new Date(good.at).toISOString()
    const source = scene.lab.lab.context.cluster.writerEndpoint
    return {
      start: () => start(scene, { goal: 'cutover', at, ...confirmed, maintenanceAt: at }),
      once,
      wanted: (run) => [...madeNames(run), `opening of ${run.facts.copyId}`],
      async wrong(run) {
        const rows = await countOf(scene, endpointOf(run))
        return [
          ...(rows === good.rows ? [] : [`The copy has ${rows} rows of ${good.rows}`]),
          ...(await unfenced(scene, source)),
          ...orphans(scene, run),
        ]
      },
    }
  },
}
