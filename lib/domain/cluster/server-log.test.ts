/** A server's log, in the forms that RDS and our own servers write: what tells of damage is counted, and nothing else is kept. */
import { describe, expect, it } from 'vitest'
import { tallyLog } from './server-log'

const scope = { database: 'castmatch_production', ownUser: 'warroom' }
const rds = (line: string, who = 'castmatch_app@castmatch_production') =>
  `2026-11-29 03:42:16 UTC:10.0.1.5(43210):${who}:[1234]:${line}`
const at = Date.parse('2026-11-29T03:42:16Z')
const tally = (...lines: string[]) => tallyLog(`${lines.join('\n')}\n`, scope)

describe('damaged pages', () => {
  it.each([
    ['ERROR:  invalid page in block 7 of relation base/16384/16390', 'XX001', 'block 7 of base/16384/16390'],
    ['WARNING:  page verification failed, calculated checksum 1 but expected 2', 'XX001', 'a data page'],
    [
      'ERROR:  could not read block 3 in file "base/16384/16390": read only 0 of 8192 bytes',
      'XX001',
      'block 3 of base/16384/16390',
    ],
    ['ERROR:  missing chunk number 0 for toast value 16400 in pg_toast_16390', 'XX001', 'a data page'],
    ['ERROR:  index "users_pkey" contains unexpected zero page at block 4', 'XX002', 'block 4 of users_pkey'],
    ['ERROR:  item order invariant violated for index "users_email_key"', 'XX002', 'users_email_key'],
    // With log_error_verbosity = verbose, in whatever language.
    ['ERROR:  XX001: ungültige Seite in Block 7 von Relation base/1/2', 'XX001', 'a data page'],
  ])('%s', (line, code, subject) => {
    expect(tally(rds(line)).damaged).toEqual([{ code, subject, at }])
  })

  it('count whoever met them: background workers and our own probes too', () => {
    const line = 'ERROR:  invalid page in block 7 of relation base/16384/16390'
    expect(tally(rds(line, '@')).damaged).toHaveLength(1)
    expect(tally(rds(line, 'warroom@castmatch_production')).damaged).toHaveLength(1)
    expect(tally(`2026-11-29 03:42:16.123 UTC [77] castmatch_app@other ${line}`).damaged).toMatchObject([
      { at: at + 123 },
    ])
  })

  it('by the SQLSTATE in the prefix that RDS offers; a time in another zone is unknown', () => {
    const line =
      '2026-11-29 04:42:16 CET:10.0.1.5(43210):castmatch_app@castmatch_production:[1234]:3:XX002:2026-11-29 04:40:00 CET:4/22:0:6740fc0a.4d2:app:ERROR:  broken'
    expect(tally(line).damaged).toEqual([{ code: 'XX002', subject: 'a data page', at: null }])
  })
})

describe('statements that fail', () => {
  it('each broken constraint counts once, its details and its statement not at all', () => {
    expect(
      tally(
        rds('ERROR:  duplicate key value violates unique constraint "users_email_key"'),
        rds('DETAIL:  Key (email)=(someone@example.com) already exists.'),
        rds('STATEMENT:  INSERT INTO users VALUES (\'ERROR:  x violates check constraint "y"\')'),
        '\tERROR:  invalid page in block 7 of relation base/16384/16390',
        rds('ERROR:  insert or update on table "a" violates foreign key constraint "b"'),
        rds('ERROR:  null value in column "a" of relation "b" violates not-null constraint'),
        rds('ERROR:  23P01: conflicting'),
        rds('LOG:  duration: 3.1 ms'),
      ),
    ).toEqual({ violations: 3, missing: [], damaged: [] })
  })

  it('a relation that is missing is named; a missing FROM entry, which has the same state, is not one', () => {
    expect(
      tally(
        rds('ERROR:  relation "audit_logs" does not exist at character 13'),
        rds('ERROR:  42P01: relation "app.jobs" does not exist at character 13'),
        rds('ERROR:  42P01: missing FROM-clause entry for table "x" at character 8'),
      ).missing,
    ).toEqual([
      { relation: 'audit_logs', at },
      { relation: 'app.jobs', at },
    ])
  })

  it('those of other databases, of our own probes and of unknown form say nothing', () => {
    const line = 'ERROR:  relation "audit_logs" does not exist at character 13'
    expect(
      tally(rds(line, 'castmatch_app@other'), rds(line, 'warroom@castmatch_production'), line, '').missing,
    ).toEqual([])
    // A prefix without user and database: whose it is, is unknown, and it counts.
    expect(tally(`2026-11-29 03:42:16 UTC [77] ${line}`).missing).toHaveLength(1)
  })

  it('is quick on a long line that matches nothing', () => {
    const from = performance.now()
    tally(`2026-11-29 03:42:16 UTC:${'a@b:'.repeat(200_000)}`, 'ERROR:'.repeat(100_000))
    expect(performance.now() - from).toBeLessThan(1_000)
  })
})
