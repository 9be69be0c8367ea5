import { z } from 'zod'
import { controlsMessage, hasControls, isLine } from './text'

const atMost = (most: number) => `At most ${most.toLocaleString('en')} characters.`

/** One line that a person enters: a name, a title, a label. `missing` says what to enter. */
export const line = (most: number, missing: string) =>
  z.string().trim().min(1, missing).max(most, atMost(most)).refine(isLine, 'Use one line without control characters.')

/** Text of any number of lines, possibly none. */
export const prose = (most: number) =>
  z
    .string()
    .max(most, atMost(most))
    .refine((text) => !hasControls(text), controlsMessage)

/** Text of at least one character. */
export const words = (most: number, missing = 'Write something.') => prose(most).trim().min(1, missing)
