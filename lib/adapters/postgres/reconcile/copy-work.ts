import { stageSchema } from '../../../domain/reconcile/statements'
import { type AtWork, type CopyWork, copyWorkStatements } from '../../../domain/restore/copy-work'
import { lockMs } from './compare'
import type { Session } from './session'

/** One transaction: all of it is at rest, or nothing is. */
export async function doCopyWork(session: Session, work: CopyWork, mayGoOn: () => void): Promise<void> {
  mayGoOn()
  await session.run(['BEGIN', `SET LOCAL lock_timeout = ${lockMs}`])
  try {
    // The application's own statements name their tables as it does.
    await session.run(['SET LOCAL search_path TO DEFAULT', ...copyWorkStatements(work)])
    mayGoOn()
  } catch (error) {
    await session.run(['ROLLBACK']).catch(() => {})
    throw error
  }
  await session.run(['COMMIT'])
}

const names = async (session: Session, sql: string): Promise<string[]> =>
  (await session.rows(sql)).map(({ name }) => String(name))

export async function readAtWork(session: Session, isOn: string | null): Promise<AtWork> {
  const [there] = await session.rows(`SELECT to_regclass('cron.job') IS NOT NULL AS jobs,
    COALESCE(row_security_active(to_regclass('cron.job')), false) AS hidden, to_regclass('${stageSchema}.rest') IS NOT NULL AS rest`)
  const resting = (kind: string) =>
    names(session, `SELECT name FROM ${stageSchema}.rest WHERE kind = '${kind}' ORDER BY 1`)
  const jobs =
    there?.jobs === true ? await names(session, 'SELECT jobid::text AS name FROM cron.job WHERE active ORDER BY 1') : []
  const subscriptions = await names(
    session,
    `SELECT subname::text AS name FROM pg_subscription WHERE subenabled
      AND subdbid = (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY 1`,
  )
  let outboxOn = false
  if (isOn !== null) {
    await session.run(['RESET search_path'])
    const [answer] = await session.rows(isOn)
    outboxOn = Number(Object.values(answer ?? {})[0] ?? 0) > 0
  }
  return {
    ...{ jobs, subscriptions, outboxOn, hidden: there?.hidden === true },
    resting: there?.rest === true ? { jobs: await resting('job'), subscriptions: await resting('subscription') } : null,
  }
}
