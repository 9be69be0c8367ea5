import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Children } from './children'

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wr-logs-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

/** A program of ours is named from the root of the checkout. */
function program(source: string): string {
  const path = join(dir, 'program.mjs')
  writeFileSync(path, source)
  return relative(join(import.meta.dirname, '../..'), path)
}
const logDir = () => join(dir, 'logs')

test('a program that writes for weeks fills no disk, and its newest lines are there', async () => {
  const talks = program(`
    let n = 0
    const talk = () => {
      for (let i = 0; i < 100; i += 1) process.stdout.write((n += 1) + ' ' + 'x'.repeat(90) + '\\n')
      if (n < 20_000) setImmediate(talk)
      else process.stdout.write('the end\\n', () => process.send('written'))
    }
    process.on('SIGTERM', () => process.exit(0))
    setInterval(() => {}, 1000)
    talk()
  `)
  const children = new Children(
    logDir(),
    () => {},
    () => {},
    { bytes: 100_000, kept: 2 },
  )
  const child = children.start('web', talks, [], process.env)
  await new Promise((done) => child.once('message', done))
  await children.stop(3_000)
  expect(readdirSync(logDir()).sort()).toEqual(['web.log', 'web.log.1', 'web.log.2'])
  const sizes = readdirSync(logDir()).map((name) => statSync(join(logDir(), name)).size)
  // A file ends with the piece of output that fills it, which a pipe hands over in at most 64 kB.
  for (const size of sizes) expect(size).toBeLessThanOrEqual(100_000 + 65_536)
  const newest = readdirSync(logDir()).map((name) => readFileSync(join(logDir(), name), 'utf8'))
  expect(newest.join('')).toContain('the end')
})

test('the last words of a program that fails are in its log and in what its parent says', async () => {
  const fails = program(`process.stderr.write('the reason\\n'); process.exitCode = 1; process.disconnect()`)
  const died = new Promise<[string, number | null, string]>((done) => {
    const children = new Children(logDir(), (...end) => {
      void children.stop(1_000).then(() => done(end))
    })
    children.start('lab', fails, [], process.env)
  })
  expect(await died).toEqual(['lab', 1, expect.stringContaining('the reason')])
  expect(readFileSync(join(logDir(), 'lab.log'), 'utf8')).toContain('the reason')
})
