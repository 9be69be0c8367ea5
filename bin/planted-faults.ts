import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { placeOf } from './testing/place'
import type { PlantedFault } from './testing/planted-faults/fault'
import { misplacedFaults, plantedFaults } from './testing/planted-faults/index'

/*
 * planted-faults [ID...]   breaks a scratch copy of the source in one dangerous way after another (all, or those named),
 *                          runs the quick tests of that area, and says which test noticed. One JSON line for each fault;
 *                          exit code 1 when one is not noticed, or when the tests fail without any.
 */
const root = join(import.meta.dirname, '..')
const wanted = process.argv.slice(2)
const unknown = wanted.filter((id) => !plantedFaults.some((fault) => fault.id === id))
if (unknown.length > 0) {
  process.stderr.write(`planted-faults: there is no fault ${unknown.join(', ')}\n`)
  process.exit(2)
}
const faults = wanted.length > 0 ? plantedFaults.filter(({ id }) => wanted.includes(id)) : plantedFaults
// All at once, before hours are spent on those that can be planted.
const misplaced = misplacedFaults(faults)
if (misplaced.length > 0) {
  process.stderr.write(`planted-faults: update these in bin/testing/planted-faults\n${misplaced.join('\n')}\n`)
  process.exit(2)
}
const print = (line: unknown) => process.stdout.write(`${JSON.stringify(line)}\n`)

const scratch = mkdtempSync(join(tmpdir(), 'warroom-planted-'))
try {
  copySource(scratch)
  for (const suite of new Map(faults.map(({ suite }) => [JSON.stringify(suite), suite])).values()) {
    const failed = await failing(suite)
    if (failed.length > 0) throw new Error(`Without any fault these tests fail: ${failed.join('; ')}`)
  }
  let unnoticed = 0
  for (const fault of faults) {
    const by = await noticedBy(fault)
    if (by.length === 0) unnoticed += 1
    print({ fault: fault.id, breaks: fault.breaks, noticed: by.length > 0, by: by[0] ?? null })
  }
  print({ faults: faults.length, noticed: faults.length - unnoticed, share: 1 - unnoticed / faults.length, goal: 0.95 })
  if (unnoticed > 0) process.exitCode = 1
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

/** What is kept in the repository, with the store's generated client; the packages are those of the original. */
function copySource(to: string): void {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root })
  for (const file of listed.toString().split('\0').filter(Boolean)) {
    mkdirSync(dirname(join(to, file)), { recursive: true })
    cpSync(join(root, file), join(to, file))
  }
  cpSync(join(root, 'lib/store/generated'), join(to, 'lib/store/generated'), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(to, 'node_modules'))
}

async function noticedBy({ file, find, replace, suite }: PlantedFault): Promise<string[]> {
  const path = join(scratch, file)
  const whole = readFileSync(path, 'utf8')
  const place = placeOf(whole, find)
  if (typeof place === 'string') throw new Error(`${file}: what was to be replaced is ${place}`)
  writeFileSync(path, whole.slice(0, place.from) + replace + whole.slice(place.to))
  try {
    return await failing(suite)
  } finally {
    writeFileSync(path, whole)
  }
}

interface Report {
  testResults: { name: string; message: string; assertionResults: { fullName: string; status: string }[] }[]
}

/** Names of the tests that fail; the first one ends the search. Throws when they could not be run. */
async function failing({ project, files }: PlantedFault['suite']): Promise<string[]> {
  const report = join(scratch, '.report.json')
  rmSync(report, { force: true })
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const child = spawn(
    process.execPath,
    [vitest, 'run', '--project', project, '--bail', '1', '--reporter', 'json', '--outputFile', report, ...files],
    { cwd: scratch, stdio: ['ignore', 'ignore', 'pipe'] },
  )
  let complaint = ''
  child.stderr.on('data', (chunk: Buffer) => {
    complaint += chunk.toString()
  })
  const [code] = (await once(child, 'close')) as [number | null]
  const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as Report
  const failed = testResults.flatMap(({ name, message, assertionResults }) => {
    const tests = assertionResults.filter((test) => test.status === 'failed').map((test) => test.fullName)
    return tests.length > 0 || message === '' ? tests : [`${name.slice(scratch.length + 1)}: ${message.split('\n')[0]}`]
  })
  // Tests that could not be run have noticed nothing.
  if (failed.length === 0 && code !== 0) throw new Error(`The tests could not be run: ${complaint.trim()}`)
  return failed
}
