import { expect, it } from 'vitest'
import { withShortNames } from './readers'

it('names nodes by what tells them apart, also where one name begins another', () => {
  const nodes = ['castmatch-prod-replica-1', 'castmatch-prod-replica-11', 'castmatch-prod-primary'].map((id) => ({
    id,
  }))
  expect(withShortNames('Fail over to castmatch-prod-replica-11, not castmatch-prod-replica-1', nodes)).toBe(
    'Fail over to replica-11, not replica-1',
  )
  expect(withShortNames('Nothing of ours', [])).toBe('Nothing of ours')
})
