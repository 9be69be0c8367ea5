import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import type { Actor } from '../../domain/actor'
import { conflict } from '../../domain/errors'
import { type IntegrationTest, integrationKeys, integrationTitles } from '../../domain/integrations'
import { siteLink } from '../../domain/own-path'
import { durationWords } from '../../domain/units'
import type { Store } from '../../store/client'
import { askIntegrationTest, finishIntegrationTest, newestIntegrationTests } from '../../store/integration-test'
import { appendRecord, type Writer } from '../../store/record'
import { inTransaction } from '../../store/transaction'
import { actorOf, authorise, type CommandContext } from '../context'

export const askTestInput = z.object({ integration: z.enum(integrationKeys) })

/** Asks for one test of an integration. Throws ExpectedError 'not-allowed', and 'conflict' while one is under way. */
export async function askTest(
  context: CommandContext,
  siteUrl: string,
  { integration }: z.output<typeof askTestInput>,
): Promise<IntegrationTest> {
  authorise(context, 'manage-settings')
  const { id: personId, name } = context.person
  const environment = context.environment.name
  const test: IntegrationTest = {
    id: randomUUID(),
    integration,
    state: 'asked',
    says: null,
    reference: null,
    askedBy: { id: personId, name },
    askedAt: context.now(),
    finishedAt: null,
  }
  const asked = await askIntegrationTest(
    context.store,
    context.token,
    { id: test.id, integration, environment, link: siteLink(siteUrl, '/settings') },
    {
      kind: 'integration.test-asked',
      actor: actorOf(context),
      text: `${name} asked for a test of ${integrationTitles[integration]}.`,
      evidence: { testId: test.id, integration },
    },
  )
  if (!asked) {
    const last = (await newestIntegrationTests(context.store.prisma, environment, context.now())).get(integration)
    throw conflict(`${last?.askedBy.name ?? 'Somebody'} is testing this right now. Wait for the result.`)
  }
  return test
}

export type TestResult = { passed: true; reference: string | null; more?: string } | { passed: false; says: string }

/** Keeps how a test went, for the screen and in the record. The call went out at `begunAt`; times in ms. */
export async function finishTest(
  store: Store,
  test: Pick<IntegrationTest, 'id' | 'integration'>,
  result: TestResult,
  { actor, writer }: { actor: Actor; writer: Writer },
  begunAt: number,
  now: number,
): Promise<void> {
  const ms = Math.max(0, now - begunAt)
  const took = ms < 1000 ? `${ms} ms` : durationWords(ms)
  const says = result.passed ? `Taken in ${took}.${result.more ? ` ${result.more}` : ''}` : result.says
  const reference = result.passed ? result.reference : null
  await inTransaction(store, async (tx) => {
    await finishIntegrationTest(tx, test.id, { passed: result.passed, says, reference, at: now })
    await appendRecord(tx, writer, {
      kind: 'integration.tested',
      actor,
      text: `The test of ${integrationTitles[test.integration]} ${result.passed ? 'arrived' : 'failed'}. ${says}`,
      evidence: { testId: test.id, integration: test.integration, reference },
    })
  })
}
