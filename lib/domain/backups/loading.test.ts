/** What loads a dump is decided by its first bytes, before a statement: a dump that is too new must not fail half way. */
import { describe, expect, test } from 'vitest'
import { archiveHead } from './archive-head'
import { type DumpHead, type LoadingTools, loadingOf } from './loading'

const plain: DumpHead = {
  format: 'plain',
  serverVersion: '15.13',
  dumpedBy: '15.13',
  archive: null,
  needs: { restrict: false, transactionTimeout: false },
}
const custom: DumpHead = { ...plain, format: 'custom', archive: '1.14' }
const tools: LoadingTools = { psql: '15.20', pgRestore: '15.20' }
const restrict = { restrict: true, transactionTimeout: false }

describe('what loads a dump', () => {
  test.each<[string, Partial<DumpHead>, Partial<LoadingTools>, string | null]>([
    ['plain with psql', plain, {}, 'psql'],
    ['plain without', plain, { psql: null }, 'connection'],
    ['plain with \\restrict, and a psql that knows it', { ...plain, needs: restrict }, {}, 'psql'],
    ['plain with \\restrict, and a psql of before', { ...plain, needs: restrict }, { psql: '15.13' }, 'connection'],
    ['plain with \\restrict, and psql 12', { ...plain, needs: restrict }, { psql: '12.22' }, 'connection'],
    ['plain with \\restrict, and psql 18', { ...plain, needs: restrict }, { psql: '18.0' }, 'psql'],
    ['plain of an older server', { ...plain, serverVersion: '9.6.24' }, {}, 'psql'],
    ['plain that does not say of which', { ...plain, serverVersion: null, dumpedBy: null }, {}, 'psql'],
    ['custom', custom, {}, 'pg_restore'],
    ['custom without pg_restore', custom, { pgRestore: null }, null],
    ['custom of a newer format', { ...custom, archive: '1.16' }, {}, null],
    ['custom with a pg_restore that is too new', custom, { pgRestore: '17.2' }, null],
    ['plain of a newer server', { ...plain, serverVersion: '17.6' }, {}, null],
    ['custom of a newer server', { ...custom, serverVersion: '16.1' }, {}, null],
    [
      'plain by a newer pg_dump',
      { ...plain, dumpedBy: '17.6', needs: { ...restrict, transactionTimeout: true } },
      {},
      null,
    ],
  ])('%s', (_, head, also, by) => expect(loadingOf({ ...plain, ...head }, 15, { ...tools, ...also }).by).toBe(by))

  test('what is missing is named', () => {
    expect(loadingOf(custom, 15, { ...tools, pgRestore: null })).toMatchObject({
      reason: 'program-missing',
      missing: ['pg_restore'],
    })
    expect(loadingOf({ ...plain, serverVersion: '17.6' }, 15, tools)).toMatchObject({
      reason: 'too-new',
      says: 'The dump is of PostgreSQL 17, and the server runs 15.',
    })
  })
})

/** The head of a custom archive as pg_dump writes it. */
function head(minor: number, serverVersion: string, dumpedBy: string): Buffer {
  const int = (value: number) => Buffer.from([0, value & 0xff, (value >> 8) & 0xff, 0, 0])
  const text = (value: string) => Buffer.concat([int(value.length), Buffer.from(value)])
  const compression = minor >= 15 ? Buffer.from([1]) : Buffer.from([1, 1, 0, 0, 0])
  const when = Buffer.concat([1, 2, 3, 4, 5, 126, 0].map(int))
  return Buffer.concat([
    Buffer.from('PGDMP'),
    Buffer.from([1, minor, 0, 4, 8, 1]),
    compression,
    when,
    text('castmatch'),
    text(serverVersion),
    text(dumpedBy),
  ])
}

describe('the head of a custom archive', () => {
  test.each([14, 15, 16])('of version 1.%d tells who made it', (minor) =>
    expect(archiveHead(head(minor, '15.18', '15.20 (Debian 15.20-0+deb12u1)'))).toEqual({
      version: `1.${minor}`,
      serverVersion: '15.18',
      dumpedBy: '15.20',
    }),
  )
  test('tells its version when nothing follows, and what is none has none', () => {
    expect(archiveHead(head(14, '15.18', '15.20').subarray(0, 30))).toEqual({
      version: '1.14',
      serverVersion: null,
      dumpedBy: null,
    })
    expect(archiveHead(Buffer.from('-- PostgreSQL'))).toBeNull()
    expect(archiveHead(Buffer.from('PGDMP'))).toEqual({ version: '0.0', serverVersion: null, dumpedBy: null })
  })
  test('is read in a part of any length', () => {
    const whole = head(14, '15.18', '15.20')
    for (let length = 0; length <= whole.length; length++)
      expect(() => archiveHead(whole.subarray(0, length))).not.toThrow()
  })
})
