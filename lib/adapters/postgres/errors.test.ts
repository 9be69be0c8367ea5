import pino from 'pino'
import { describe, expect, test } from 'vitest'
import { fromPostgresError } from './errors'

const sql = (code: string, severity = 'ERROR') =>
  Object.assign(new Error('row (42, secret) is wrong'), { code, severity })
const socket = (code: string, syscall: string) => Object.assign(new Error(`${syscall} ${code}`), { code, syscall })

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
    ['57P03', 'transient', 'other', 'unknown'],
    ['40001', 'transient', 'busy', 'rejected'],
    ['40003', 'transient', 'busy', 'unknown'],
    ['42P01', 'missing', 'other', 'rejected'],
    ['XX001', 'other', 'damaged', 'rejected'],
  ])('%s is %s', (code, errorClass, probe, outcome) => {
    const error = fromPostgresError(sql(code), 'db:5432', true)
    expect(error).toMatchObject({ errorClass, detail: { code, probe, outcome } })
    expect(error.message, "the server's text may quote data").not.toContain('secret')
  })

  test.each(['FATAL', 'PANIC', 'FEHLER'])('%s leaves a write in doubt, whatever its code', (severity) => {
    expect(fromPostgresError(sql('53100', severity), 'db:5432', true).detail.outcome).toBe('unknown')
  })

  test('what the server wrote about its data is in no log, whoever logs the error', () => {
    const lines: string[] = []
    const log = pino({}, { write: (line: string) => void lines.push(line) })
    const said = Object.assign(new Error('invalid input syntax: "078-05-1120"'), {
      code: '22P02',
      detail: 'Key (ssn)=(078-05-1120) already exists.',
      where: "PL/pgSQL function, statement UPDATE users SET ssn = '078-05-1120'",
      internalQuery: "SELECT '078-05-1120'",
      routine: 'numeric_in',
    })
    const error = fromPostgresError(said, 'db:5432', true)
    log.error({ err: error }, 'failed')
    log.error({ error }, 'failed')
    log.error({ detail: error.detail, cause: String(error.cause) }, 'failed')
    expect(lines.join('')).toContain('SQLSTATE 22P02 from numeric_in')
    expect(lines.join('')).not.toContain('078-05-1120')
  })

  test.each([
    ['ECONNREFUSED', 'connect', 'refused', 'rejected'],
    ['EHOSTUNREACH', 'connect', 'unreachable', 'rejected'],
    ['ETIMEDOUT', 'connect', 'timeout', 'rejected'],
    ['ENOTFOUND', 'getaddrinfo', 'unreachable', 'rejected'],
    ['ECONNRESET', 'read', 'reset', 'unknown'],
    ['EHOSTUNREACH', 'read', 'unreachable', 'unknown'],
    ['ETIMEDOUT', 'read', 'timeout', 'unknown'],
    ['EPIPE', 'write', 'closed', 'unknown'],
  ])('socket error %s of %s is %s and %s', (code, syscall, probe, outcome) => {
    expect(fromPostgresError(socket(code, syscall), 'db:5432', true).detail).toMatchObject({ probe, outcome })
  })

  test('several addresses never left when none of them was reached', () => {
    const refused = socket('ECONNREFUSED', 'connect')
    const outcome = (errors: Error[]) => fromPostgresError(new AggregateError(errors), 'db:5432', true).detail
    expect(outcome([refused, socket('ENETUNREACH', 'connect')])).toMatchObject({
      probe: 'refused',
      outcome: 'rejected',
    })
    expect(outcome([refused, socket('ECONNRESET', 'read')])).toMatchObject({ probe: 'refused', outcome: 'unknown' })
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
