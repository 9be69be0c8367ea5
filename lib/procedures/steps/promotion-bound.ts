import { z } from 'zod'
import { damageKinds } from '../../domain/cluster/damage'
import type { CandidateView } from '../../domain/cluster/types'
import type { InputField } from '../../domain/procedure/types'
import { byteWords, durationWords } from '../../domain/units'
import type { World } from '../contract'
import { candidateIn } from '../looking'

/* What a second person agrees to lose when another node is made the writer, and when a yes to that no longer holds. */

/** The most that a person allows a promotion to lose, as the form asks for it. */
export const lossAllowedField = (seconds: number): InputField => ({
  name: 'maxLossSeconds',
  label: 'Loss allowed',
  help: 'The run stops if guaranteed data loss exceeds this.',
  type: 'number',
  min: 0,
  max: 3600,
  unit: 's',
  default: seconds,
})

/** What an approval of a promotion is bound to. A figure that is not known is null. */
export const promotionBound = z.object({
  writer: z.string(),
  target: z.string(),
  /** The target is the writer: its loss has happened, and what is left to do lessens it. */
  promoted: z.boolean(),
  atLeastSeconds: z.number().nullable(),
  atLeastBytes: z.number().nullable(),
  /** Damage to the data that was found by then: every reader has it too. */
  damage: z.enum(damageKinds).nullable(),
})
export type PromotionBound = z.output<typeof promotionBound>

export type KnownLoss = Omit<Extract<CandidateView['loss'], { known: true }>, 'known'>

/** What is lost when this node takes over now, by the collector's figures; null while that is unknown. */
export function lossNow(world: World, id: string): KnownLoss | null {
  const loss = candidateIn(world.snapshot(), id)?.loss
  return loss?.known ? loss : null
}

/** "3 s (12 MB)" at most; null while the loss is unknown. */
export const atMostWords = (known: KnownLoss | null): string | null =>
  known &&
  `${durationWords(known.atMost.seconds * 1000)}${known.atMost.bytes === null ? '' : ` (${byteWords(known.atMost.bytes)})`}`

/** "likely loss 0.4 s, at most 3 min (360 MB)", as the title of an approval says it. */
export const lossTitle = (known: KnownLoss | null): string =>
  known ? `likely loss ${durationWords(known.atLeast.seconds * 1000)}, at most ${atMostWords(known)}` : 'loss unknown'

/** The same as an approval shows it, with what a person allows: only what is known to be missing is compared with it. */
export const lossShown = (known: KnownLoss | null, allowedSeconds: number) =>
  known && {
    atLeast: `${durationWords(known.atLeast.seconds * 1000)} (${byteWords(known.atLeast.bytes)})`,
    atMost: atMostWords(known) ?? '',
    confidence: known.confidence,
    why:
      known.atMost.seconds - known.atLeast.seconds < 0.1
        ? 'The last position of the writer is known, so both are the same.'
        : 'The likely loss is what the target is known to lack. The worst case adds all that the writer may have written since its last known position.',
    compared: `The likely loss is compared with the limit: ${durationWords(known.atLeast.seconds * 1000)} of ${durationWords(allowedSeconds * 1000)} allowed. The worst case is not.`,
  }

/** The figures of a loss that an approval is bound to. */
export const boundLoss = (known: KnownLoss | null): Pick<PromotionBound, 'atLeastSeconds' | 'atLeastBytes'> => ({
  atLeastSeconds: figure(known && round(known.atLeast.seconds)),
  atLeastBytes: figure(known?.atLeast.bytes),
})

/** Anything that is no number is an unknown figure. */
const figure = (value: number | null | undefined): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null
const round = (seconds: number) => Math.round(seconds * 10) / 10

/**
 * By how much each figure of the certain loss may grow before approval is requested again: less than a person would mind,
 * and more than the figures move while a writer is alive (16 MiB is one segment of WAL).
 */
const tolerance = { atLeastSeconds: 2, atLeastBytes: 16 * 2 ** 20 } as const

/**
 * Why an approval no longer holds, or null. Each figure counts by itself, one that has become unknown invalidates the
 * approval, and one that was unknown counts from zero.
 */
export function outgrown(approved: PromotionBound, now: PromotionBound): string | null {
  if (approved.writer !== now.writer) return `The writer is now ${now.writer}, not ${approved.writer}.`
  if (approved.target !== now.target) return `The target is now ${now.target}, not ${approved.target}.`
  if (now.promoted) return null
  if (now.damage !== null && now.damage !== approved.damage)
    return `Since then, ${now.damage} of data was found, which a promotion does not repair.`
  for (const name of ['atLeastSeconds', 'atLeastBytes'] as const) {
    const [before, after] = [approved[name], now[name]]
    if (after === null) {
      if (before !== null) return 'The loss that was shown can no longer be confirmed.'
    } else if (after - (before ?? 0) > tolerance[name]) {
      const grown = name === 'atLeastSeconds' ? durationWords(after * 1000) : byteWords(after)
      return `The certain loss has grown to ${grown}.`
    }
  }
  return null
}
