// Text enters everywhere: by forms, by webhooks, by the words of other systems. What cannot be kept or shown is refused at
// the field, or cleaned when a machine sent it, and what is too long is cut between characters.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { recordBody } from './record/chain'
import {
  cleanLine,
  cleanText,
  cutText,
  fieldsWithControls,
  hasControls,
  initials,
  isLine,
  shorten,
  storable,
} from './text'
import { line, prose, words } from './text-fields'

const anyText = fc.string({ unit: 'binary' })
/** Also halves of characters, which a string of JavaScript can hold. */
const units = fc.array(fc.integer({ min: 0, max: 0xffff })).map((codes) => String.fromCharCode(...codes))
const family = '👩‍👩‍👧‍👦'

describe('what a text may contain', () => {
  test('every control character but tab and line breaks is found, and halves of characters', () => {
    const found = Array.from({ length: 0x10000 }, (_, code) => code).filter((code) =>
      hasControls(String.fromCharCode(code)),
    )
    const expected = Array.from({ length: 0x10000 }, (_, code) => code).filter(
      (code) =>
        (code < 0x20 && ![9, 10, 13].includes(code)) ||
        (code >= 0x7f && code <= 0x9f) ||
        (code >= 0xd800 && code <= 0xdfff),
    )
    expect(found).toEqual(expected)
  })

  test('a line has no line breaks, no tabs and nothing that turns the direction of what follows', () => {
    for (const text of ['a\nb', 'a\rb', 'a\tb', 'a\u2028b', 'a\u202eb', 'a\u2066b', 'a\u0000', '\ud83d'])
      expect(isLine(text), JSON.stringify(text)).toBe(false)
    for (const text of ['', 'José', 'ქართული', family, 'a b', 'שלום']) expect(isLine(text)).toBe(true)
  })

  test('fields say what is wrong and keep what is right', () => {
    const says = (schema: ReturnType<typeof prose>, text: string) => schema.safeParse(text).error?.issues[0]?.message
    expect(line(80, 'Enter a name.').parse(' Robin ')).toBe('Robin')
    expect(says(line(80, 'Enter a name.'), ' ')).toBe('Enter a name.')
    expect(says(line(80, 'Enter a name.'), 'Ro\u0000bin')).toBe('Use one line without control characters.')
    expect(words(80).parse('one\n\ttwo')).toBe('one\n\ttwo')
    expect(says(words(80), 'one\u001btwo')).toBe('This contains a control character. Remove it.')
    expect(says(prose(3), 'four')).toBe('At most 3 characters.')
  })

  test('the fields of what was sent are found at any depth, by value and by name', () => {
    expect(
      fieldsWithControls({
        title: 'fine\nwith lines',
        reason: 'not\u0000fine',
        inputs: { target: 'r1', more: ['a', 'b\u0007'], 'na\u0001me': 1 },
        at: new Date(0),
      }).toSorted(),
    ).toEqual(['inputs.more.1', 'inputs.na\ufffdme', 'reason'])
    expect(fieldsWithControls('\ud83d')).toEqual(['form'])
    expect([null, 7, undefined, [], {}].flatMap(fieldsWithControls)).toEqual([])
  })
})

describe('a text of a machine', () => {
  test('can be kept whatever it was, and is as long as before', () => {
    fc.assert(
      fc.property(fc.oneof(anyText, units), (text) => {
        const clean = cleanText(text)
        expect(hasControls(clean)).toBe(false)
        expect(clean.length).toBe(text.length)
        expect(isLine(cleanLine(text))).toBe(true)
        if (!hasControls(text)) expect(clean).toBe(text)
      }),
    )
  })

  test('does not keep an entry out of the record', () => {
    const body = recordBody({
      kind: 'incident.detection',
      actor: { kind: 'collector', name: 'r' },
      text: 'cut \ud83d',
      evidence: { detail: ['a\u0000b'], count: 1, none: null },
    })
    expect(JSON.parse(body)).toMatchObject({
      text: 'cut \ufffd',
      evidence: { detail: ['a\ufffdb'], count: 1, none: null },
    })
    expect(body).not.toMatch(/\\u0000|\\ud83d/)
    const at = new Date(0)
    expect(storable({ at }).at).toBe(at)
  })
})

describe('a text that is cut', () => {
  test('ends between characters as people see them', () => {
    expect(cutText(`ab${family}`, 5)).toBe('ab')
    expect(cutText(`ab${family}c`, 2 + family.length)).toBe(`ab${family}`)
    expect(cutText('ae\u0301x', 2)).toBe('a')
    expect(cutText('a🔥', 2)).toBe('a')
    expect(cutText('🔥', 1)).toBe('')
    expect(shorten('abcdef', 4)).toBe('abc…')
    expect(shorten('abcd', 4)).toBe('abcd')
  })

  test('is a beginning of the text, as long as it may be, and holds no half of a character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 30 }), fc.nat(40), (text, most) => {
        const cut = cutText(text, most)
        expect(text.startsWith(cut)).toBe(true)
        expect(cut.length).toBeLessThanOrEqual(most)
        expect(hasControls(cut) && !hasControls(text)).toBe(false)
        let whole = ''
        for (const { segment } of new Intl.Segmenter('en').segment(text)) {
          if (whole.length + segment.length > most) break
          whole += segment
        }
        // Unless the first character is longer than all that may stay.
        if (whole) expect(cut).toBe(whole)
      }),
    )
  })

  test('one character that is longer than all that may stay is cut between code points', () => {
    const zalgo = `a${'\u0301'.repeat(500)}`
    expect(cutText(zalgo, 300)).toHaveLength(300)
    const chain = Array.from({ length: 100 }, () => '👩').join('\u200d')
    expect(hasControls(cutText(chain, 100))).toBe(false)
  })

  test('initials are whole characters', () => {
    expect(initials('Robin Doe Smith')).toBe('RD')
    expect(initials('🔥 fire')).toBe('🔥F')
    expect(initials('  ')).toBe('')
  })
})
