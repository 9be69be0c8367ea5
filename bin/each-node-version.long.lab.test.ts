/*
 * Each Node that `engines` promises, the oldest one and the newest of every line, starts the whole product to a live cluster and
 * passes the tests of the rules. The binaries come from the npm registry, the only place that a start reaches, too.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { launchProduct } from '../e2e/product'
import { build } from './starting/prepare.mjs'

const root = join(import.meta.dirname, '..')
const run = promisify(execFile)
const versions = ['20.19', '22.12', '24']
const minutes = 60_000
let files = ''

beforeAll(async () => {
  files = mkdtempSync(join(tmpdir(), 'wr-node-'))
  await build()
}, 10 * minutes)
afterAll(() => rmSync(files, { recursive: true, force: true }))

/** Installs one Node beside all else, and answers where its program is. */
async function fetched(version: string): Promise<string> {
  const name = `node-linux-${process.arch}`
  const to = join(files, version)
  await run('npm', ['install', '--prefix', to, '--no-save', '--no-audit', '--no-fund', `${name}@${version}`])
  return join(to, 'node_modules', name, 'bin/node')
}

test('`engines` and the README name these versions', () => {
  const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { engines: { node: string } }
  expect(engines.node).toBe('^20.19 || ^22.12 || ^24')
  expect(readFileSync(join(root, 'README.md'), 'utf8')).toContain('Node 20 (20.19 or newer), 22 (22.12 or newer) or 24')
})

describe.each(versions)('Node %s', (version) => {
  test('starts the product and passes the tests of the rules', { timeout: 6 * minutes }, async () => {
    const node = await fetched(version)
    expect((await run(node, ['--version'])).stdout).toMatch(new RegExp(`^v${version.replace('.', '\\.')}\\.`))
    const port = 26_500 + versions.indexOf(version)
    const product = await launchProduct(port, join(files, `data-${version}`), node)
    try {
      expect((await fetch(`http://127.0.0.1:${port}/api/health`)).status).toBe(200)
    } finally {
      await product.end()
    }
    const vitest = join(root, 'node_modules/vitest/vitest.mjs')
    const { stdout } = await run(node, [vitest, 'run', '--project', 'unit', 'lib/domain/run', 'lib/config'], {
      cwd: root,
    })
    expect(stdout).toMatch(/Tests .*\d+ passed/)
  })
})
