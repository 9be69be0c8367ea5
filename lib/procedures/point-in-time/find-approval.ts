import { z } from 'zod'
import { digestOf } from '../../domain/procedure/canonical'
import { narrowedBy } from '../../domain/restore-point/bisect'
import { checkWords } from '../../domain/restore-point/damage-check'
import { durationWords, utcWords } from '../../domain/units'
import type { Ask, World } from '../contract'
import { needed } from '../facts'
import { removableForMs } from '../steps/remove-copy'
import type { Ctx } from './copy'
import { checkOf } from './inputs'
import { perProbeWords, probeName, removalsOf } from './probes'

export const searchBound = z.object({
  stage: z.literal('search'),
  source: z.string(),
  /** In order; each is made, asked and deleted again. */
  copies: z.array(z.string()),
  check: z.string(),
  fromAt: z.number(),
  badAt: z.number(),
})
export type SearchBound = z.output<typeof searchBound>

/** What the second person is asked before a search: so many temporary copies, how they are asked, and that they are deleted. */
export function askSearch({ environment }: World, ctx: Ctx): Ask<SearchBound & { stage: 'search' }> {
  const { inputs, facts } = ctx
  const source = needed(facts.source, 'the source').id
  const search = needed(facts.search, 'the interval')
  const check = needed(checkOf(inputs, environment), 'the check')
  const numbers = Array.from({ length: inputs.restores }, (_, i) => i + 1)
  const copies = numbers.map((n) => probeName(ctx, environment, n))
  const span = search.badAt - search.fromAt
  return {
    title: `Find the moment of the damage with at most ${inputs.restores} temporary copies of ${source}`,
    typeToConfirm: environment.aws.clusterId,
    facts: [
      { label: 'Environment', value: environment.name },
      { label: 'Source', value: source },
      {
        label: search.fromProved ? 'Last known good' : 'Earliest restorable time',
        value: utcWords(search.fromAt),
      },
      { label: 'First known bad', value: utcWords(search.badAt) },
      { label: 'Check', value: checkWords(check) },
      { label: 'Temporary copies', value: `At most ${inputs.restores}, ${perProbeWords([])}, one after the other` },
      {
        label: 'Narrows',
        value: `${durationWords(span)} to ${durationWords(Math.max(search.withinMs, narrowedBy(span, inputs.restores)))}`,
      },
      {
        label: 'Deletion',
        value: `Each copy is deleted after its answer, if it carries this run’s tag, within ${durationWords(removableForMs)}.`,
      },
      ...(inputs.overrideReason ? [{ label: 'Diagnosis overridden', value: inputs.overrideReason }] : []),
    ],
    loss: null,
    covers: ['probe-1-restore', 'probe-1-instance', ...numbers.flatMap(removalsOf)],
    bound: {
      stage: 'search',
      source,
      copies,
      check: digestOf(check),
      fromAt: search.fromAt,
      badAt: search.badAt,
    },
  }
}

/** Why a yes to a search no longer holds; null when it does. */
export function searchOutgrown(approved: SearchBound, now: SearchBound): string | null {
  if (approved.source !== now.source) return `The source is now ${now.source}.`
  if (approved.check !== now.check) return 'The check that recognises the damage has changed.'
  if (approved.copies.join() !== now.copies.join()) return 'The names of the temporary copies have changed.'
  return approved.fromAt === now.fromAt && approved.badAt === now.badAt ? null : 'The interval has changed.'
}
