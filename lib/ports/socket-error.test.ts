import { expect, test } from 'vitest'
import { PortError } from './port-error'
import { fromSocketError, nothingListens } from './socket-error'

const socket = (code: string, syscall = 'connect') => Object.assign(new Error(code), { code, syscall })
const seen = (error: unknown) => nothingListens(fromSocketError(error, 'It'))

test.each(['ECONNREFUSED', 'EHOSTUNREACH', 'EHOSTDOWN'])('%s proves that nothing listens', (code) => {
  expect(seen(socket(code))).toBe(true)
})

test.each(['ETIMEDOUT', 'ECONNRESET', 'EPIPE', 'ENOTFOUND', 'EAI_AGAIN', 'ENETUNREACH', 'EADDRNOTAVAIL'])(
  '%s does not prove that nothing listens',
  (code) => {
    expect(seen(socket(code))).toBe(false)
  },
)

test('every address of a name must refuse', () => {
  const of = (...codes: string[]) => new AggregateError(codes.map((code) => socket(code)))
  expect(seen(of('ECONNREFUSED', 'ECONNREFUSED'))).toBe(true)
  expect(seen(of('ECONNREFUSED', 'ETIMEDOUT'))).toBe(false)
})

test('our own limit, and an answer, prove nothing of the kind', () => {
  const detail = { outcome: 'rejected', probe: 'timeout' } as const
  expect(nothingListens(new PortError('timeout', 'It did not respond.', { ...detail, code: 'connect' }))).toBe(false)
  expect(nothingListens(new PortError('auth', 'It refused our role.', { ...detail, code: '28P01' }))).toBe(false)
  expect(nothingListens(null)).toBe(false)
})
