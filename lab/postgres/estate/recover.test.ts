import { expect, test } from 'vitest'
import { endsTooEarly } from './recover'

test.each([
  ['the gap is behind the backup', 'FATAL:  recovery ended before configured recovery target was reached'],
  [
    'the gap is where the backup began',
    'LOG:  invalid checkpoint record\nFATAL:  could not locate required checkpoint record at 0/E00050',
  ],
  [
    'the gap is in the backup',
    'FATAL:  could not find redo location 0/E00028 referenced by checkpoint record at 0/E00050',
  ],
  ['the gap is before the backup ends', 'FATAL:  WAL ends before end of online backup'],
])('an archive that does not reach far enough is told, when %s', (_where, log) => {
  expect(endsTooEarly(log)).toBe(true)
})

test.each([
  'FATAL:  could not open file "global/pg_filenode.map": No such file or directory',
  'PANIC:  could not write to file "pg_wal/xlogtemp.1": No space left on device',
  'FATAL:  could not bind IPv4 address',
])('any other end of a server is no such: %s', (log) => {
  expect(endsTooEarly(log)).toBe(false)
})
