import { expect, test } from 'vitest'
import { castmatch, castmatchSchema } from './castmatch'

test.each(['1-800-xxx-xxxx', '+1-555-XXXX', '000-0000', 'call ???', 'someone@example.com', 'TODO'])(
  'a placeholder is refused as a contact: %s',
  (contact) => {
    const [first, ...rest] = castmatch.externalContacts
    expect(
      castmatchSchema.safeParse({ ...castmatch, externalContacts: [{ ...first, contact }, ...rest] }).success,
    ).toBe(false)
  },
)

test('what nobody has written down is no contact, and the others are', () => {
  const { externalContacts } = castmatchSchema.parse(castmatch)
  expect(externalContacts.map(({ contact }) => contact)).toEqual([null, 'support@pagerduty.com', 'support@datadog.com'])
})
