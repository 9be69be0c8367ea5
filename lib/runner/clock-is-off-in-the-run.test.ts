// Scenario 14: the runner's clock has drifted since the prerequisites were looked at, and AWS refuses its requests for
// their time. The step must name the clock, and not send people off to sign in again.
import { expect, test } from 'vitest'
import { fromAwsError } from '../adapters/aws/errors'
import { formatStepError, type RunContext } from './run-context'

const refused = (name: string, message: string) =>
  fromAwsError(Object.assign(new Error(message), { name, $metadata: { httpStatusCode: 403 } }), 'RDS', true)
const hand = {} as RunContext

test('a request that is refused as expired is shown as a fault of the clock, for a person to mend', () => {
  expect(
    formatStepError(hand, refused('SignatureDoesNotMatch', 'Signature expired: 20261122T095000Z is now earlier')),
  ).toEqual({
    sentence:
      "RDS refused the request for its time: this machine's clock is off (RequestExpired). Set the clock, then retry.",
    passing: false,
  })
  expect(
    formatStepError(hand, refused('ExpiredToken', 'The security token included in the request is expired')),
  ).toEqual({
    sentence:
      'RDS refused our credentials: they have expired (ExpiredToken). Sign in to the cloud account again, then retry.',
    passing: false,
  })
})
