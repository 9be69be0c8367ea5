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
      connects: false,
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
    'CREATE RULE r AS ON INSERT TO a DO INSTEAD (INSERT INTO b VALUES (1); SELECT 1; );\nCOPY a FROM stdin;\n\\! id\n\\.',
    'CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END;\nCOPY a FROM stdin;\n\\! id\n\\.',
    "INSERT INTO a VALUES ('C:\\dir', 'x');",
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
    // Within brackets and bodies, psql goes on with its statement after a semicolon.
    'SELECT (1; COPY a FROM stdin;\n\\! id\n\\.',
    'CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC; COPY a FROM stdin;\n\\! id\n\\.',
    'CREATE OR REPLACE PROCEDURE f() BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; COPY a FROM stdin;\n\\! id\n\\.',
    // Without standard_conforming_strings, a backslash escapes in every string; nothing here sees whether it is on.
    "SET standard_conforming_strings = off;\nSELECT '\\', '\n\\! id\n';",
    "DO $$BEGIN SET standard_conforming_strings = off; END$$;\nSELECT '\\', '\n\\! id\n';",
    'CREATE FUNCTION f() 1BEGIN; COPY a FROM stdin;\n\\! id\n\\.',
    "COPY a FROM PROGRAM 'id';",
    'COPY a FROM stdin;\n1\n\\.\n\\! id',
  ])('is refused: %j', (text) => expect(refused(text)).not.toBeNull())

  test('is refused in its last line, too', () => expect(read(`${good}\\! id`).refused).toBe('\\! id'))
})

describe('the pieces of a dump', () => {
  const pieces = (text: string, size: number) => {
    const found: { sql: string; rows: string | null }[] = [{ sql: '', rows: null }]
    const reader = new DumpReader((piece) => {
      const last = found.at(-1) ?? { sql: '', rows: null }
      if (piece.kind === 'sql')
        last.sql += piece.bytes.toString() + (piece.copies ? '<copies>' : piece.ends ? '<end>' : '')
      else if (piece.kind === 'rows') last.rows = (last.rows ?? '') + piece.bytes.toString()
      else found.push({ sql: '', rows: null })
    })
    const data = Buffer.from(text)
    for (let at = 0; at < data.length; at += size) reader.write(data.subarray(at, at + size))
    return found
  }
  const empty = 'COPY a FROM stdin;\n\\.\n'

  test.each([1, 2, 3, 5, 64, 10_000])('are statements and rows without meta-commands, read in %d bytes', (size) => {
    const [first, second, third] = pieces(`${head}${rows}${empty}${end}`, size)
    expect(first?.sql).toBe(
      `${head.replace('\\restrict 3hJkQ\n', '').replaceAll(';', ';<end>').trimEnd()}\nCOPY public.users (id, name) FROM stdin;<copies>`,
    )
    expect(first?.rows).toBe("1\t\\N\n2\t\\\\! rm -rf / '\\.\n\\.x\n")
    expect(second).toEqual({ sql: '\nCOPY a FROM stdin;<copies>', rows: null })
    expect(third).toEqual({ sql: end.replace('\\unrestrict 3hJkQ\n', ''), rows: null })
  })

  test('a statement ends where the server ends it, and not inside a body', () => {
    const body = 'CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END;'
    expect(pieces(`${head}${body}`, 7)[0]?.sql).toContain(`${body}<end>`)
  })
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
