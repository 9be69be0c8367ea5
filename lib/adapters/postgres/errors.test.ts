import { describe, expect, test } from 'vitest'
import { fromPostgresError } from './errors'

const sql = (code: string) => Object.assign(new Error('row (42, secret) is wrong'), { code })

describe('what a failure of PostgreSQL means', () => {
  test.each([
    ['28P01', 'auth', 'auth', 'rejected'],
    ['28000', 'auth', 'auth', 'rejected'],
    ['25006', 'state', 'read-only', 'rejected'],
    ['57014', 'transient', 'busy', 'rejected'],
    ['55P03', 'transient', 'busy', 'rejected'],
    ['53300', 'transient', 'busy', 'rejected'],
    ['53100', 'capacity', 'other', 'rejected'],
    ['57P01', 'unreachable', 'closed', 'unknown'],
    ['57P03', 'transient', 'other', 'rejected'],
    ['42P01', 'missing', 'other', 'rejected'],
    ['XX001', 'other', 'other', 'rejected'],
  ])('%s is %s', (code, errorClass, probe, outcome) => {
    const error = fromPostgresError(sql(code), 'db:5432', true)
    expect(error).toMatchObject({ errorClass, detail: { code, probe, outcome } })
    expect(error.message, "the server's text may quote data").not.toContain('secret')
  })

  test.each([
    ['ECONNREFUSED', 'refused', 'rejected'],
    ['ECONNRESET', 'reset', 'unknown'],
    ['EHOSTUNREACH', 'unreachable', 'rejected'],
    ['ENOTFOUND', 'unreachable', 'rejected'],
  ])('socket error %s is %s', (code, probe, outcome) => {
    expect(fromPostgresError(sql(code), 'db:5432', true).detail).toMatchObject({ probe, outcome })
  })

  test('several addresses that all refuse are a refusal', () => {
    const error = new AggregateError([sql('ECONNREFUSED'), sql('ECONNREFUSED')])
    expect(fromPostgresError(error, 'db:5432', false).detail.probe).toBe('refused')
  })

  test('a certificate of another name is a matter of configuration, never of a dead server', () => {
    const error = Object.assign(new Error("Hostname/IP does not match certificate's altnames"), {
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    })
    expect(fromPostgresError(error, 'db:5432', false)).toMatchObject({
      errorClass: 'config',
      detail: { probe: 'other' },
    })
  })

  test('a failure that nobody foresaw leaves a write in doubt', () => {
    expect(fromPostgresError(new Error('?'), 'db:5432', true).detail).toMatchObject({ outcome: 'unknown' })
  })
})
