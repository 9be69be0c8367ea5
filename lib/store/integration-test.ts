import type { IntegrationKey, IntegrationTest } from '../domain/integrations'
import { testPatienceMs } from '../domain/integrations'
import { type RecordDraft, recordBody } from '../domain/record/chain'
import type { Db, Store } from './client'
import { ask } from './query'

type Row = NonNullable<Awaited<ReturnType<Db['integrationTest']['findUnique']>>>

const toTest = (row: Row, now: number): IntegrationTest => {
  const forgotten = row.finishedAt === null && now - row.askedAt.getTime() > testPatienceMs
  return {
    id: row.id,
    integration: row.integration as IntegrationKey,
    state: forgotten ? 'failed' : row.finishedAt === null ? 'asked' : row.passed ? 'passed' : 'failed',
    says: forgotten ? `Nobody answered within ${testPatienceMs / 1000} s: is a runner there?` : row.says,
    reference: row.reference,
    askedBy: { id: row.askedById, name: row.askedByName },
    askedAt: row.askedAt.getTime(),
    finishedAt: row.finishedAt?.getTime() ?? null,
  }
}

/** Asks for one test as the person of this session, with the record; false while one is under way. Throws ExpectedError. */
export async function askIntegrationTest(
  store: Pick<Store, 'pool'>,
  token: string,
  test: Pick<IntegrationTest, 'id' | 'integration'> & { environment: string; link: string },
  draft: RecordDraft,
): Promise<boolean> {
  const { environment, id, integration, link } = test
  const values = { token, environment, id, integration, link, patience_ms: testPatienceMs, body: recordBody(draft) }
  return (await ask<boolean>(store, 'integration_test_ask', values)) === true
}

/** The newest test of each integration of an environment. */
export async function newestIntegrationTests(
  db: Db,
  environment: string,
  now: number,
): Promise<Map<IntegrationKey, IntegrationTest>> {
  const rows = await db.integrationTest.findMany({
    where: { environment },
    orderBy: [{ integration: 'asc' }, { askedAt: 'desc' }],
    distinct: ['integration'],
  })
  return new Map(rows.map((row) => [row.integration as IntegrationKey, toTest(row, now)]))
}

/** Takes a test of one of these integrations for doing. It is taken once: a test is not worth a repeat. */
export async function takeIntegrationTest(
  db: Db,
  environment: string,
  integrations: readonly IntegrationKey[],
  now: number,
): Promise<(IntegrationTest & { link: string }) | null> {
  const rows = await db.$queryRaw<{ id: string }[]>`
    UPDATE integration_test SET taken_at = ${new Date(now)} WHERE id = (
      SELECT id FROM integration_test WHERE environment = ${environment} AND integration = ANY(${[...integrations]})
        AND taken_at IS NULL AND asked_at > ${new Date(now - testPatienceMs)}
      ORDER BY asked_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id`
  const row = rows[0] ? await db.integrationTest.findUnique({ where: { id: rows[0].id } }) : null
  return row && { ...toTest(row, now), link: row.link }
}

export async function finishIntegrationTest(
  tx: Db,
  id: string,
  result: { passed: boolean; says: string; reference: string | null; at: number },
): Promise<void> {
  const { passed, says, reference, at } = result
  await tx.integrationTest.update({ where: { id }, data: { passed, says, reference, finishedAt: new Date(at) } })
}
