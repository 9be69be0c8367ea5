/*
 * A web of its own beside a store and a runner of its own, for specs whose environment is not the lab: started by `startStage`, as a
 * child, and told by lines on its input what to do. The run in it throws a switch.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import getPort from 'get-port'
import { readEnrolmentFile, writeEnrolmentFile } from '../lib/config/enrolment'
import { approvalProof } from '../lib/runner/approval-proof'
import { authoriseFrom } from '../lib/runner/authorise'
import { bench, Switch, surroundings, switchProcedure } from '../lib/runner/testing/one-effect'
import { startTestStore } from '../lib/store/testing/database'
import { addAccount } from '../lib/store/testing/people'
import { testSecret } from '../lib/store/testing/postgres'

const where = process.argv[2]
const approvals = where === 'passkey' ? 'passkey' : 'sign-in'
const password = 'a password of these specs'
const files = mkdtempSync(join(tmpdir(), 'warroom-stage-'))
const config = join(files, 'environment.json')
const enrolmentFile = join(files, 'passkeys.json')
const kind = where === 'lab' ? 'lab' : 'staging'
const port = await getPort()
const origin = `http://localhost:${port}`
writeEnrolmentFile(enrolmentFile, [])
writeFileSync(
  config,
  JSON.stringify({
    name: surroundings.name,
    kind,
    aws: {
      accountId: '000000000000',
      region: 'us-west-2',
      drRegion: 'us-east-1',
      clusterId: 'cluster',
      endpointUrl: 'http://127.0.0.1:9',
    },
    database: { name: 'd', user: 'u', passwordVariable: 'NONE', applicationRoles: ['app'] },
    kubernetes: null,
    poolers: [],
    metrics: null,
    passkeys: { origin, enrolmentFile },
    policy: { approvals },
  }),
)

const database = await startTestStore({ environments: [{ name: surroundings.name, kind }] })
const { owner, webUrl, stop } = database
for (const [login, role] of [
  ['kai', 'approver'],
  ['sasha', 'admin'],
] as const)
  await addAccount(owner, {
    login: `${login}@example.org`,
    name: login.charAt(0).toUpperCase() + login.slice(1),
    role,
    password,
  })
const world = new Switch()
const b = bench(database, world, switchProcedure(world, 'DANGEROUS'))
const trust = { site: { origin, rpId: 'localhost' }, enrolled: () => readEnrolmentFile(enrolmentFile) }
b.runner({
  authorise: authoriseFrom(database.runner, surroundings, approvalProof(approvals === 'passkey' ? trust : null)),
})
const runId = await b.start()
await b.reaches(runId, ['waiting'])

const web = spawn(process.execPath, ['--import', 'tsx', 'bin/web.ts'], {
  env: {
    ...process.env,
    NODE_ENV: 'production',
    PORT: String(port),
    DATABASE_URL: webUrl,
    WARROOM_CONFIG: config,
    WARROOM_FEED_SECRET: 'x'.repeat(32),
    NEXTAUTH_URL: origin,
    NEXTAUTH_SECRET: testSecret,
    RUNNER_URLS: 'http://127.0.0.1:9',
  },
  stdio: ['ignore', 'inherit', 'inherit'],
})
for (;;) {
  const answer = await fetch(`${origin}/sign-in`).catch(() => null)
  if (answer?.ok) break
  await new Promise((resolve) => setTimeout(resolve, 100))
}
const say = (what: object) => process.stdout.write(`stage ${JSON.stringify(what)}\n`)
say({ origin, config, password, run: `/runs/${runId}` })

for await (const line of createInterface({ input: process.stdin })) {
  // Everybody proved who they are a while ago.
  if (line === 'age')
    await owner.pool.query("UPDATE session SET authenticated_at = clock_timestamp() - interval '6 minutes'")
  say({ done: line, thrown: world.thrown })
}
const ended = new Promise((resolve) => web.once('exit', resolve))
web.kill('SIGTERM')
await ended
await b.end()
await stop()
rmSync(files, { recursive: true, force: true })
process.exit(0)
