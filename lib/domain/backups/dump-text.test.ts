/** A dump is given to psql, which runs programs when it is told to: what pg_dump does not write is refused, however it is hidden. */
import { describe, expect, test } from 'vitest'
import { DumpReader } from './dump-text'

const head = `--
-- PostgreSQL database dump
--

\\restrict 3hJkQ

-- Dumped from database version 15.13
-- Dumped by pg_dump version 15.14

SET statement_timeout = 0;
SET transaction_timeout = 0;
SET standard_conforming_strings = on;
`
const rows = `COPY public.users (id, name) FROM stdin;
1\t\\N
2\t\\\\! rm -rf / '\\.
\\.x
\\.

`
const end = `
--
-- PostgreSQL database dump complete
--

\\unrestrict 3hJkQ
`
const good = `${head}${rows}${end}`

/** Read in pieces of so many bytes. */
function read(text: string, size = text.length) {
  const reader = new DumpReader()
  const data = Buffer.from(text)
  for (let at = 0; at < data.length; at += size) reader.write(data.subarray(at, at + size))
  return reader.facts()
}
const refused = (inside: string) => read(`${head}${inside}\n${end}`).refused

describe('a dump of pg_dump', () => {
  test('tells its versions, its end and what it needs', () => {
    expect(read(good)).toEqual({
      format: 'plain',
      serverVersion: '15.13',
      dumpedBy: '15.14',
      bytes: Buffer.byteLength(good),
      tables: 1,
      complete: true,
      endsInside: false,
      refused: null,
      needs: { restrict: true, transactionTimeout: true },
    })
  })

  test.each([1, 2, 3, 7, 64, 1000])('reads alike in pieces of %d bytes', (size) => {
    expect(read(good, size)).toEqual(read(good))
    const bad = `${head}${rows}SELECT 1; \\! id\n${end}`
    expect(read(bad, size)).toEqual(read(bad))
  })

  test.each([
    "COMMENT ON TABLE a IS 'it''s \\! fine';",
    "ALTER TABLE a ALTER b SET DEFAULT E'it\\'s \\\\';",
    "SELECT E'a''b\\' \\! c';",
    'COMMENT ON COLUMN "a\\! b" IS NULL;',
    "CREATE FUNCTION f() RETURNS text AS $_$ SELECT $$\\! x$$ || ' ; \\q $_$ LANGUAGE sql;",
    'CREATE FUNCTION f() RETURNS text AS $$\nBEGIN\n\\! x\nEND $$ LANGUAGE plpgsql;',
    '/* \\! /* nested \\! */ still */ SELECT 1;',
    '-- \\! in a comment',
    'SELECT a$b$ FROM c;',
    'SELECT 1 - -1, 4 / 2 * 3;',
    '\\connect castmatch',
  ])('may say %s', (text) => expect(refused(text)).toBeNull())
})

describe('what pg_dump does not write', () => {
  test.each([
    '\\! rm -rf /',
    '\\copy users from /etc/passwd',
    '\\i /etc/passwd',
    '\\o |sh',
    '\\gexec',
    'SELECT 1 \\gexec',
    'SELECT 1; \\! id',
    "SELECT 'a' \\! id",
    'SELECT $$a$$ \\! id',
    '/* a */ \\! id',
    '  \\! id',
    '\\restrict a b',
    '\\connect "host=evil dbname=x"',
    '\\connect castmatch \\! id',
    '\\.',
    // Hidden by making the reader believe that it is inside of something.
    "SELECT '\\'; \\! id '",
    "SELECT E'a'\n'b\\'' \\! id\n;'",
    "SELECT 1$a$ ' $a$ \\! id '",
    `SELECT ${'x'.repeat(78)}$${'y'.repeat(78)}$ \\! id $${'y'.repeat(78)}$`,
    `SELECT $${'t'.repeat(300)}$ ' $${'t'.repeat(300)}$ \\! id '`,
    'COPY "FROM stdin" TO \'/x\';\n\\! id\n\\.',
    'COPY (SELECT 1 FROM stdin) TO stdout;\n\\! id\n\\.',
    'COPY /* FROM stdin */ a TO stdout;\n\\! id\n\\.',
    "COPY a FROM stdin WITH (FORMAT csv);\n'\n\\.\n\\! id\n'",
    "COPY a FROM stdin; SELECT 1;\n'\n\\.\n\\! id\n'",
    "COPY a FROM stdin CSV;\n'\n\\.\n\\! id\n'",
    `${' '.repeat(100)}COPY a FROM stdin CSV;\n'\n\\.\n\\! id\n'`,
    "COPY a FROM PROGRAM 'id';",
    'COPY a FROM stdin;\n1\n\\.\n\\! id',
  ])('is refused: %j', (text) => expect(refused(text)).not.toBeNull())

  test('is refused in its last line, too', () => expect(read(`${good}\\! id`).refused).toBe('\\! id'))
})

describe('a dump that is not whole', () => {
  test.each([
    ['within rows', good.slice(0, good.indexOf('2\t'))],
    ['within a statement', `${head}CREATE TABLE a (`],
    ['within a string', `${head}SELECT 'a`],
    ['between two statements', `${head}${rows}`],
  ])('cut off %s', (_, text) => expect(read(text).complete).toBe(false))
  test('says whether it ends inside of something', () => {
    expect(
      [read(good.slice(0, good.indexOf('2\t'))), read(`${head}SELECT 'a`), read(good)].map(
        ({ endsInside }) => endsInside,
      ),
    ).toEqual([true, true, false])
  })
  test('is not taken for whole because its rows say so', () => {
    const trick = `${head}COPY a (t) FROM stdin;\n-- PostgreSQL database dump complete\n`
    expect(read(trick)).toMatchObject({ endsInside: true })
  })
})

test('another kind of file is no dump, and a custom archive is known by its first bytes', () => {
  expect(read('{"a": 1}').format).toBe('unknown')
  expect(read('').format).toBe('unknown')
  expect(read('PGDMP\u0001\u000e\\! id\n')).toMatchObject({ format: 'custom', refused: null, complete: true })
})
