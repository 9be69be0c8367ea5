import { startRun } from '../../../commands/run/start-run'
import type { Run } from '../../../domain/run/run'
import { needed } from '../../../procedures/facts'
import { restoreFacts } from '../../../procedures/s3-restore/facts'
import { type At, labSql } from '../lab-sql'
import type { Scene } from '../scene'
import { until } from '../until'
import { type LabDrive, LabUnfit, type Prepared } from './drive'
import { madeBy, unfenced } from './lab'

const confirmed = { maintenanceBy: 'Morgan Lee', maintenanceAt: '2026-11-29T03:00:00Z', lossAcceptedBy: 'Morgan Lee' }
const table = 'castings'

const shared = {
  slug: 's3-restore',
  // The instance, the load, and what the load was spared.
  certain: { write: 30, effect: 3 },
  parallel: null,
  limitMs: 240_000,
}

/** What is sent once. A load may be sent again: whether it left one database is asked of the server. */
const once: Prepared['once'] = ({ operation, parameters }) => {
  const id = parameters.DBInstanceIdentifier
  switch (operation) {
    case 'CreateDBInstance':
      return `creation of ${id}`
    case 'ModifyDBInstance':
      return `${parameters.VpcSecurityGroupIds === undefined ? 'protection' : 'opening'} of ${id}`
    case 'DeleteDBInstance':
      return `deletion of ${id}`
    default:
      return null
  }
}

const sourceOf = (scene: Scene): At => scene.lab.lab.context.cluster.writerEndpoint
const rowsOf = async (scene: Scene, at: At) =>
  Number((await labSql<{ n: string }>(scene, at, `SELECT count(*) AS n FROM ${table}`))[0]?.n)
const namesOf = async (scene: Scene, at: At, query: string) =>
  (await labSql<{ name: string }>(scene, at, query)).map(({ name }) => name).join()
const databases = 'SELECT datname AS name FROM pg_database WHERE NOT datistemplate ORDER BY 1'
const lentToMaster =
  "SELECT roleid::regrole::text AS name FROM pg_auth_members WHERE member = current_user::regrole AND roleid::regrole::text !~ '^pg_'"

/** The copy has the rows, one database that is whole, and no role is lent to its master, whoever loaded last. */
async function wrongWith(scene: Scene, run: Run, rows: number): Promise<string[]> {
  const source = sourceOf(scene)
  const copy = needed(restoreFacts.parse(run.facts).endpoint, 'the address of the copy')
  const found = await rowsOf(scene, copy)
  const [has, lent] = [await namesOf(scene, copy, databases), await namesOf(scene, copy, lentToMaster)]
  const made = madeBy(scene, run).instances.join()
  return [
    ...(found === rows ? [] : [`The copy has ${found} rows of ${rows}`]),
    ...(has === (await namesOf(scene, source, databases)) ? [] : [`The copy has the databases ${has}`]),
    ...(lent === '' ? [] : [`The master is a member of ${lent}`]),
    ...(made === run.facts.copyId ? [] : [`${made} was made`]),
  ]
}

/** Dumps the healthy source, and starts. Throws LabUnfit. */
async function begin(scene: Scene, inputs: Record<string, string>) {
  if (!(await until(async () => scene.snapshot()?.diagnosis.kind === 'healthy', 60_000)))
    throw new LabUnfit('The source is not healthy')
  const rows = await rowsOf(scene, sourceOf(scene))
  const backup = await scene.restores.backUp()
  const asked = {
    slug: 's3-restore',
    mode: 'drill' as const,
    reason: 'A rehearsal in which the runner is lost',
    inputs: { ...inputs, backup },
  }
  return {
    rows,
    start: async () => (await startRun(await scene.as('responder'), scene.environment, asked, scene.snapshot())).id,
  }
}

const madeNames = ({ facts: { copyId } }: Run) => [`creation of ${copyId}`, `protection of ${copyId}`]

export const inspectBackup: LabDrive = {
  ...shared,
  name: 's3-restore:inspect',
  inputs: { goal: 'inspect' },
  control: 1,
  sampled: { effects: 2, writes: 1 },
  reusable: true,
  heldAfter: false,
  async prepare(scene) {
    const { rows, start } = await begin(scene, { goal: 'inspect' })
    return {
      start,
      once,
      wanted: madeNames,
      wrong: (run) => wrongWith(scene, run, rows),
      async tidy(run) {
        for (const id of madeBy(scene, run).instances) scene.lab.lab.context.estate.deleteInstance(id, null)
        if (!(await until(async () => madeBy(scene, run).instances.length === 0, 60_000)))
          throw new LabUnfit('The copy is not gone')
      },
    }
  },
}

export const cutOverToBackup: LabDrive = {
  ...shared,
  name: 's3-restore:cutover',
  inputs: { goal: 'cutover', ...confirmed },
  // The application is held before the instance is created, and led to it afterwards.
  certain: { write: 60, effect: 7 },
  control: 1,
  sampled: { effects: 1, writes: 0 },
  reusable: false,
  heldAfter: true,
  async prepare(scene) {
    const { rows, start } = await begin(scene, {
      goal: 'cutover',
      ...confirmed,
      maintenanceAt: new Date().toISOString(),
    })
    return {
      start,
      once,
      wanted: (run) => [...madeNames(run), `opening of ${run.facts.copyId}`],
      wrong: async (run) => [...(await wrongWith(scene, run, rows)), ...(await unfenced(scene, sourceOf(scene)))],
    }
  },
}
