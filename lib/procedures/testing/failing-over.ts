import type { StepContext } from '../contract'
import type { FailoverFacts } from '../primary-failover/facts'
import type { FailoverInputs } from '../primary-failover/inputs'

const node = (id: string) => ({ id, host: id, port: 5432 })

/** A failover from `old` to `new`, as its later steps find it. */
export const failingOver = () =>
  ({
    runId: 'r',
    mode: 'real',
    startedAt: 0,
    inputs: { target: 'new', connectionMode: 'auto', maxLossSeconds: 60 },
    facts: {
      topology: 'hybrid',
      writerBefore: node('old'),
      target: node('new'),
      endpoint: { host: 'endpoint', port: 5432 },
    },
  }) as unknown as StepContext<FailoverInputs, FailoverFacts>

/** What a step learns is part of the next look, as in a run. */
export async function learn<T extends { facts?: FailoverFacts | undefined }>(
  ctx: StepContext<FailoverInputs, FailoverFacts>,
  look: Promise<T> | undefined,
): Promise<T> {
  const seen = await look
  if (!seen) throw new Error('the step does not look')
  ctx.facts = { ...ctx.facts, ...seen.facts }
  return seen
}
