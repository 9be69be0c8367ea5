/** A reader's box on the wall: the word of its state and its possible loss never cover each other. */
import { expect, test } from 'vitest'
import { fitsBeside } from './wall-topology-parts'

test.each([
  ['OK', '0.1 s', true],
  ['READY', '0.0–29.0 s', true],
  ['LATE', '12–41 s', true],
  ['NOT ALLOWED', '0.0–29.0 s', false],
  ['SECOND WRITER', 'unknown', false],
  ['UNREACHABLE', '0.4 s–17 min', false],
])('%s and %s: beside each other %s', (word, figure, beside) => expect(fitsBeside(word, figure)).toBe(beside))
