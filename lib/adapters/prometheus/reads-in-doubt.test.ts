/** Prometheus is asked and something else answers: that is "not known", and never "no target, no alert, no error". */
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { Metrics } from '../../ports/metrics'
import { PortError } from '../../ports/port-error'
import {
  type Answer,
  type AnsweringServer,
  brokenAnswers,
  type Speech,
  startAnswering,
  wholeAnswers,
} from '../testing/http-answers'
import { createPrometheus } from './index'

const asked = { errorRatio: 'castmatch_api_error_ratio', p95Ms: 'castmatch_api_p95_ms', ownAlerts: {} }

// Hundreds of answers, one after the other, also on a busy machine.
vi.setConfig({ testTimeout: 120_000 })

const speech: Speech = {
  type: 'application/json',
  done: '{"status":"success","data":{"resultType":"vector","result":[]}}',
  other: '{"status":"success","data":["up"]}',
  refused: () => '{"status":"error","errorType":"bad_data","error":"no"}',
  strange: () => '{"status":"error"}',
  lastChunkMayLack: true,
}
let server: AnsweringServer
beforeAll(async () => {
  server = await startAnswering()
})
afterAll(() => server.stop())

/** Asks after each answer; tells after which it was taken for known, or for unknown, wrongly. */
async function wronglyRead(answers: Answer[], limitMs: number, ask: (metrics: Metrics) => Promise<unknown>) {
  const wrong: string[] = []
  for (const answer of answers) {
    server.answerWith(answer)
    const error = await ask(createPrometheus({ url: server.url, limitMs, ...asked })).then(
      () => null,
      (thrown: unknown) => thrown,
    )
    const fits = answer.name.startsWith('200, done') ? error === null : error instanceof PortError
    if (!fits) wrong.push(`${answer.name}: ${String(error)}`)
  }
  return wrong
}

const asking: [string, (metrics: Metrics) => Promise<unknown>][] = [
  ['the overview', (metrics) => metrics.overview()],
  ['values by label', (metrics) => metrics.byLabel('m', 'pod')],
  ['the application', (metrics) => metrics.application(0)],
]
test.each(asking)('%s is known after answers of Prometheus only', async (_what, ask) => {
  expect(await wronglyRead(wholeAnswers(speech, [200, 403, 503]), 5_000, ask)).toEqual([])
})

test('nothing is known after an answer that breaks off', async () => {
  expect(await wronglyRead(brokenAnswers(speech), 5_000, (metrics) => metrics.byLabel('m', 'pod'))).toEqual([])
})
