// The lab may be killed by anything at any time. Its pods and its pooler are real processes: they must not go on writing
// to, or listening for, a lab that is no more.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { childrenOf, isAlive } from '../../lib/embedded-postgres/processes'
import { findPgbouncer } from '../pooler/pgbouncer'
import { labPoolers } from '../ports'
import { freeBase } from '../testing'
import { until } from './read-workload'

const root = join(import.meta.dirname, '..', '..')
let data: string
let program: ChildProcess

beforeEach(async () => {
  data = mkdtempSync(join(tmpdir(), 'wr-orphans-'))
  const base = await freeBase(21_340)
  program = spawn(process.execPath, ['--import', 'tsx', join(root, 'bin/lab.ts')], {
    cwd: root,
    env: { ...process.env, WARROOM_DATA: data, PORT: String(base) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (!program.stdout) throw new Error('the lab has no output')
  await once(createInterface({ input: program.stdout }), 'line')
})
afterEach(() => {
  program.kill('SIGKILL')
  rmSync(data, { recursive: true, force: true })
})

function helpers(): number[] {
  const pids = childrenOf(program.pid ?? 0).filter((pid) => {
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
    return command.includes('worker.mjs') || command.includes('pgbouncer.ini')
  })
  return pids
}

test.each(['SIGKILL', 'SIGTERM'] as const)('after %s no pod and no pooler is left', async (signal) => {
  const expected = 6 + (findPgbouncer() ? labPoolers.length : 0)
  const pids = await until(
    async () => helpers(),
    (found) => found.length === expected,
  )
  program.kill(signal)
  const left = await until(
    async () => pids.filter(isAlive),
    (alive) => alive.length === 0,
  )
  expect(left).toEqual([])
})
