import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')
const rows = readFileSync(join(root, 'docs/failure-scenarios.md'), 'utf8')
  .split('\n')
  .flatMap((line) => {
    const found = /^\| (\d+) +\|.*\| `([^`]+)`: (.+?) +\|$/.exec(line)
    return found ? [{ number: Number(found[1]), file: found[2] ?? '', name: found[3] ?? '' }] : []
  })

test.each(rows)('scenario $number is shown by a test that exists: $name', ({ file, name }) => {
  expect(existsSync(join(root, file)), file).toBe(true)
  expect(readFileSync(join(root, file), 'utf8')).toContain(name)
})

test('every scenario of primary failover has a row', () => {
  const needed = [...Array.from({ length: 16 }, (_, i) => i + 1), 25, 28, 31, 33, 34]
  expect(needed.filter((n) => !rows.some(({ number }) => number === n))).toEqual([])
})
