import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { LogFile } from './log-file'

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'wr-log-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const sizes = () => readdirSync(directory).map((name) => statSync(join(directory, name)).size)

it('stays bounded while a program writes without end, and keeps the newest lines', async () => {
  const log = new LogFile(join(directory, 'web.log'), { bytes: 10_000, kept: 2 })
  let most = 0
  for (let round = 0; round < 50; round += 1) {
    for (let line = 0; line < 10; line += 1) log.write(`${round * 10 + line} ${'x'.repeat(95)}\n`)
    await log.close()
    most = Math.max(
      most,
      sizes().reduce((sum, size) => sum + size, 0),
    )
  }
  expect(most).toBeLessThanOrEqual(3 * (10_000 + 1_000))
  expect(readdirSync(directory).sort()).toEqual(['web.log', 'web.log.1', 'web.log.2'])
  const newest = ['web.log.1', 'web.log'].map((name) => readFileSync(join(directory, name), 'utf8')).join('')
  expect(newest).toContain('499 ')
  expect(statSync(join(directory, 'web.log')).mode & 0o077).toBe(0)
})

it('is bounded within one sitting too, as a process that runs for weeks needs it', async () => {
  const log = new LogFile(join(directory, 'runner.log'), { bytes: 10_000, kept: 1 })
  for (let line = 0; line < 2_000; line += 1) log.write(`${line} ${'y'.repeat(95)}\n`)
  await log.close()
  expect(readdirSync(directory).sort()).toEqual(['runner.log', 'runner.log.1'])
  expect(Math.max(...sizes())).toBeLessThanOrEqual(10_100)
  expect(readFileSync(join(directory, 'runner.log'), 'utf8')).toContain('1999 ')
})

it('goes on from the log of an earlier start', async () => {
  writeFileSync(join(directory, 'lab.log'), 'earlier\n')
  const log = new LogFile(join(directory, 'lab.log'))
  log.write('later\n')
  await log.close()
  expect(readFileSync(join(directory, 'lab.log'), 'utf8')).toBe('earlier\nlater\n')
})

it('does not end its program when it cannot be written', async () => {
  mkdirSync(join(directory, 'taken.log'))
  const log = new LogFile(join(directory, 'taken.log'))
  log.write('one\n')
  await expect.poll(() => log.writable).toBe(false)
  log.write('two\n')
  await log.close()
})
