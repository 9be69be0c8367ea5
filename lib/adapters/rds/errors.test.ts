import { describe, expect, test } from 'vitest'
import { classOfCode, fromAwsError } from '../aws/errors'

const answered = (name: string, httpStatusCode: number) =>
  Object.assign(new Error('arn:aws:... is wrong'), { name, $metadata: { httpStatusCode } })

describe('classes of RDS errors', () => {
  test.each([
    ['Throttling', 'transient'],
    ['RequestLimitExceeded', 'transient'],
    ['PriorRequestNotComplete', 'transient'],
    ['InvalidDBClusterStateFault', 'state'],
    ['InvalidDBInstanceState', 'state'],
    ['InvalidDBInstanceStateFault', 'state'],
    ['DBInstanceNotReady', 'state'],
    ['DBClusterAlreadyExistsFault', 'exists'],
    ['DBInstanceAlreadyExists', 'exists'],
    ['DBInstanceAlreadyExistsFault', 'exists'],
    ['DBClusterNotFoundFault', 'missing'],
    ['DBInstanceNotFound', 'missing'],
    ['DBInstanceNotFoundFault', 'missing'],
    ['InsufficientDBInstanceCapacity', 'capacity'],
    ['InsufficientDBClusterCapacityFault', 'capacity'],
    ['InstanceQuotaExceeded', 'capacity'],
    ['DBClusterQuotaExceededFault', 'capacity'],
    ['ProvisionedIopsNotAvailableInAZFault', 'capacity'],
    ['StorageTypeNotSupported', 'capacity'],
    ['KMSKeyNotAccessibleFault', 'config'],
    ['DBSubnetGroupNotFoundFault', 'config'],
    ['InvalidVPCNetworkStateFault', 'config'],
    ['InvalidRestoreFault', 'config'],
    ['InvalidParameterCombination', 'config'],
    ['AccessDenied', 'auth'],
    ['ExpiredToken', 'auth'],
    ['RequestExpired', 'auth'],
    ['NothingWeKnow', null],
  ])('%s is %s in either spelling', (code, expected) => {
    expect(classOfCode(code)).toBe(expected)
  })

  test('a modelled refusal of a change rejects it', () => {
    expect(fromAwsError(answered('InvalidDBClusterStateFault', 400), 'RDS', true)).toMatchObject({
      errorClass: 'state',
      detail: { outcome: 'rejected', probe: 'api', code: 'InvalidDBClusterStateFault' },
    })
  })

  test.each([500, 502, 503])('a %i leaves a change in doubt, whatever its code', (status) => {
    expect(fromAwsError(answered('InternalFailure', status), 'RDS', true)).toMatchObject({
      errorClass: 'transient',
      detail: { outcome: 'unknown' },
    })
    expect(fromAwsError(answered('Strange', status), 'RDS', true)).toMatchObject({
      errorClass: 'transient',
      detail: { outcome: 'unknown' },
    })
  })

  // Scenario 14: the services have several names for it, and RDS one that sounds like a wrong password.
  test.each([
    ['RequestExpired', 'Request has expired.'],
    ['RequestTimeTooSkewed', 'The difference between the request time and the current time is too large.'],
    ['SignatureDoesNotMatch', 'Signature expired: 20261122T095000Z is now earlier than 20261122T095500Z'],
    ['SignatureDoesNotMatch', 'Signature not yet current: 20261122T101000Z is still later than 20261122T100500Z'],
  ])('%s ("%s") says that the clock is off, and that nothing was done', (name, message) => {
    const error = Object.assign(new Error(message), { name, $metadata: { httpStatusCode: 403 } })
    expect(fromAwsError(error, 'RDS', true)).toMatchObject({
      message: "RDS refused the request for its time: this machine's clock is off (RequestExpired).",
      errorClass: 'auth',
      detail: { code: 'RequestExpired', outcome: 'rejected' },
    })
  })

  test('a signature that does not match for another reason says nothing of the clock', () => {
    const error = Object.assign(new Error('The request signature we calculated does not match'), {
      name: 'SignatureDoesNotMatch',
      $metadata: { httpStatusCode: 403 },
    })
    expect(fromAwsError(error, 'RDS', true).message).toBe('RDS refused our credentials (SignatureDoesNotMatch).')
  })

  test('a refusal that nobody models leaves a change in doubt', () => {
    expect(fromAwsError(answered('Strange', 400), 'RDS', true)).toMatchObject({
      errorClass: 'other',
      detail: { outcome: 'unknown' },
    })
  })

  test('without credentials nothing was sent', () => {
    const error = Object.assign(new Error('Could not load credentials'), { name: 'CredentialsProviderError' })
    expect(fromAwsError(error, 'RDS', true)).toMatchObject({ errorClass: 'auth', detail: { outcome: 'rejected' } })
  })

  test("the API's own text stays out of the message", () => {
    expect(fromAwsError(answered('Throttling', 400), 'RDS in us-west-2', false).message).toBe(
      'RDS in us-west-2 is throttling our requests (Throttling).',
    )
  })
})
