// `npm test`: does all of its own set-up on a fresh clone, runs every layer and closes with "N passed, N failed".
// `npm run test:long` runs the suites that take long instead: `.long` in a test file's name says that it belongs there.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { build, install, root, work } from './starting/prepare.mjs'
import { findChromium, systemTools } from './starting/tools.mjs'

const long = process.argv.includes('--long')
const results = join(root, '.data/test-results')
rmSync(results, { recursive: true, force: true })
mkdirSync(results, { recursive: true })
let passed = 0
let failed = 0
// What failed is named once more at the end, where it is found without a search through all that was printed.
const failures = []

const run = (command, args, env = process.env) =>
  new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'] })
    child.on('error', (error) => {
      console.error(error.message)
      resolve(1)
    })
    child.on('close', (code) => resolve(code ?? 1))
  })
const node = (bin, args, env) => run(process.execPath, [join(root, 'node_modules', bin), ...args], env)
const count = (ok, name) => {
  if (ok) passed += 1
  else {
    failed += 1
    failures.push(name)
  }
}

async function vitest(project) {
  const file = join(results, `${project}.json`)
  const code = await node('vitest/vitest.mjs', [
    'run',
    '--project',
    project,
    '--passWithNoTests',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${file}`,
  ])
  const report = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null
  passed += report?.numPassedTests ?? 0
  const broken = report?.numFailedTests ?? 0
  for (const suite of report?.testResults ?? []) {
    const tests = suite.assertionResults.filter((test) => test.status === 'failed')
    for (const test of tests) {
      failures.push(`${relative(root, suite.name)}: ${test.fullName}\n${firstLines(test.failureMessages?.[0])}`)
    }
    if (suite.status === 'failed' && tests.length === 0) {
      failures.push(`${relative(root, suite.name)} did not load\n${firstLines(suite.message)}`)
    }
  }
  // A file that cannot even load, or an unhandled error, fails without a failed test in it.
  failed += broken > 0 ? broken : code === 0 ? 0 : 1
  if (broken === 0 && code !== 0) failures.push(`project ${project} ended with ${code}, with no failed test`)
}

async function playwright(chromium) {
  const file = join(results, 'e2e.json')
  const code = await node('@playwright/test/cli.js', ['test'], {
    ...process.env,
    // Which of the specs: playwright.config.ts.
    E2E_LONG: long ? '1' : '',
    CHROMIUM_PATH: chromium,
    PLAYWRIGHT_JSON_OUTPUT_NAME: file,
  })
  const report = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null
  const stats = report?.stats
  passed += stats?.expected ?? 0
  const broken = (stats?.unexpected ?? 0) + (stats?.flaky ?? 0)
  failed += broken > 0 ? broken : code === 0 ? 0 : 1
  for (const spec of specsOf(report?.suites ?? []).filter((one) => !one.ok)) {
    const message = spec.tests.flatMap((test) => test.results).find((result) => result.error)?.error.message
    failures.push(`e2e/${spec.file}: ${spec.title}\n${firstLines(message)}`)
  }
  if (broken === 0 && code !== 0) failures.push(`the browser tests ended with ${code}, with no failed test`)
}

/** All specs of a Playwright report, whatever they are nested in. */
const specsOf = (suites) => suites.flatMap((suite) => [...(suite.specs ?? []), ...specsOf(suite.suites ?? [])])

/** The beginning of an error's text, set in. */
const firstLines = (text) =>
  (text ?? 'no message')
    .split('\n')
    .slice(0, 8)
    .map((line) => `    ${line}`)
    .join('\n')

async function quick(chromium) {
  count((await node('typescript/bin/tsc', ['--noEmit'])) === 0, 'types')
  count((await node('@biomejs/biome/bin/biome', ['check', '.'])) === 0, 'lint and format')
  // The store's tests wait for disks, the others and a build for processors: side by side they cost little more than one.
  await Promise.all([vitest('pg'), vitest('unit').then(build)])
  await vitest('lab')
  await playwright(chromium)
}

async function thorough(chromium) {
  await Promise.all([vitest('pg-long'), build()])
  await vitest('lab-long')
  await vitest('lab-alone')
  await playwright(chromium)
}

try {
  await install()
  await systemTools(work)
  await (long ? thorough : quick)(findChromium())
} catch (error) {
  failed += 1
  failures.push(error instanceof Error ? error.message : String(error))
}
for (const failure of failures) console.error(`failed: ${failure}`)
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 && passed > 0 ? 0 : 1)
