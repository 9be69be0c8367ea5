import { mkdirSync, statfsSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { portsFrom } from '../../lab/ports'
import {
  labEnvironment,
  labRunnerSecrets,
  labVantageEnvironment,
  readLabConnection,
} from '../../lib/config/lab-environment'
import { LogFile } from '../../lib/embedded-postgres/log-file'
import { Children } from './children'
import { claim, readPort, refuseFullDisk, refuseTakenPorts } from './refusals'
import { localSecrets } from './secrets'
import { startStore } from './store'

const root = join(import.meta.dirname, '../..')
const readyLimitMs = 90_000

/** A line with the seconds it took, so that long parts are seen to move. */
async function step<T>(title: string, run: () => Promise<T>): Promise<T> {
  const started = Date.now()
  const result = await run()
  console.log(`  ${title}: ${((Date.now() - started) / 1000).toFixed(1)} s`)
  return result
}

async function until(what: string, ready: () => Promise<boolean>, failed: () => string | null): Promise<void> {
  const deadline = Date.now() + readyLimitMs
  while (!(await ready().catch(() => false))) {
    const failure = failed()
    if (failure) throw new Error(failure)
    if (Date.now() > deadline) throw new Error(`${what} was not ready within ${readyLimitMs / 1000} s.`)
    await new Promise((r) => setTimeout(r, 100))
  }
}

/** Starts store, lab, runner and web and waits until the Situation page can show live lag. Throws with one sentence. */
export async function start({ dev }: { dev: boolean }): Promise<void> {
  const begun = Date.now()
  const ports = portsFrom(readPort(process.env.PORT))
  const dataDir = resolve(root, process.env.WARROOM_DATA ?? '.data')
  const address = `http://localhost:${ports.web}`
  mkdirSync(dataDir, { recursive: true })
  refuseFullDisk(dataDir, statfsSync(dataDir))
  const claimed = claim(dataDir, address)

  let fatal: string | null = null
  let stopping: Promise<void> | null = null
  const died = (name: string, code: number | null, tail: string) => {
    fatal = `The ${name} exited unexpectedly (exit ${code}). Last output:\n${tail.trim()}\nFull log: ${join(dataDir, 'logs', `${name}.log`)}`
    if (up) {
      console.error(`\n${fatal}`)
      void stop(1)
    }
  }
  // What happens to store, runner and web is shown here and kept beside their own logs.
  const log = new LogFile(join(dataDir, 'logs', 'start.log'))
  const say = (sentence: string) => {
    console.error(`  ${sentence}`)
    log.write(`${new Date().toISOString()} ${sentence}\n`)
  }
  const children = new Children(join(dataDir, 'logs'), died, (name, code) => {
    say(`The ${name} stopped unexpectedly (exit ${code}) and was restarted.`)
    if (up) claimed.write(children.pids())
  })
  let up = false
  let store: Awaited<ReturnType<typeof startStore>> | null = null
  const stop = (code: number) => {
    stopping ??= (async () => {
      await children.stop(3500)
      await store?.stop()
      await log.close()
      claimed.release()
      process.exit(code)
    })()
    return stopping
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      if (!stopping) console.log('\nStopping ...')
      void stop(0)
    })

  try {
    await refuseTakenPorts(ports)
    const secrets = localSecrets(dataDir)
    const base = {
      ...process.env,
      WARROOM_DATA: dataDir,
      NODE_ENV: dev ? 'development' : 'production',
      NEXT_TELEMETRY_DISABLED: '1',
    } satisfies NodeJS.ProcessEnv
    const labUp = step('Lab: four PostgreSQL servers, APIs, application', async () => {
      children.start('lab', 'bin/lab.ts', [], { ...base, PORT: String(ports.web) })
      await until(
        'The lab',
        async () => (await fetch(`http://127.0.0.1:${ports.lab.http}/lab/health`)).ok,
        () => fatal,
      )
    })
    const storeUp = step('Store: our own PostgreSQL, migrated', async () => {
      store = await startStore(join(dataDir, 'store'), ports.store, secrets, say)
      return store
    })
    const [{ webUrl, runnerUrl }] = await Promise.all([storeUp, labUp])
    const lab = readLabConnection(join(dataDir, 'lab'))
    const configPath = join(dataDir, 'environment.json')
    const environment = labEnvironment(lab, ports)
    writeFileSync(configPath, JSON.stringify(environment, null, 2))
    const shared = {
      ...base,
      WARROOM_FEED_SECRET: secrets.feedSecret,
      WARROOM_CONFIG: configPath,
    }
    const elsewhere = join(dataDir, 'environment-elsewhere.json')
    writeFileSync(elsewhere, JSON.stringify(labVantageEnvironment(environment, lab), null, 2))
    const { LAB_DATABASE_PASSWORD, ...labSecrets } = labRunnerSecrets(lab)
    const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_EC2_METADATA_DISABLED } = labSecrets
    children.start('vantage', 'bin/vantage.ts', [], {
      ...base,
      WARROOM_CONFIG: elsewhere,
      WARROOM_VANTAGE_SECRET: secrets.vantageSecret,
      VANTAGE_PORT: String(ports.vantage),
      LAB_DATABASE_PASSWORD,
      ...{ AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_EC2_METADATA_DISABLED },
    })
    children.start('runner', 'bin/runner.ts', [], {
      ...shared,
      DATABASE_URL: runnerUrl,
      RUNNER_PORT: String(ports.runner),
      NEXTAUTH_URL: address,
      WARROOM_VANTAGE_SECRET: secrets.vantageSecret,
      LAB_DATABASE_PASSWORD,
      ...labSecrets,
    })
    children.start('web', 'bin/web.ts', dev ? ['--dev'] : [], {
      ...shared,
      DATABASE_URL: webUrl,
      PORT: String(ports.web),
      NEXTAUTH_URL: address,
      NEXTAUTH_SECRET: secrets.sessionSecret,
      RUNNER_URLS: `http://127.0.0.1:${ports.runner}`,
      LAB_URL: `http://127.0.0.1:${ports.lab.http}`,
      LAB_TOKEN: lab.secrets.token,
      WARROOM_ALERT_TOKEN: lab.receivers?.alertToken,
      PAGERDUTY_WEBHOOK_SECRET: lab.receivers?.pagerduty.webhookSecret,
    })
    await step('Runner and web: live lag on the Situation page', async () => {
      await until(
        'The runner',
        async () => (await fetch(`http://127.0.0.1:${ports.runner}/health`)).ok,
        () => fatal,
      )
      await until(
        'The first live lag',
        () => liveLag(ports.runner, secrets.feedSecret),
        () => fatal,
      )
      await until(
        'The web',
        async () => (await fetch(`http://127.0.0.1:${ports.web}/api/health`)).ok,
        () => fatal,
      )
    })
  } catch (error) {
    console.error(`\n${error instanceof Error ? error.message : error}\n`)
    return stop(1)
  }
  up = true
  claimed.write(children.pids())
  console.log(`
  CastMatch War Room is live after ${((Date.now() - begun) / 1000).toFixed(0)} s.

    Open       ${address}
    Sign in    one click on the sign-in page: viewer, responder, approver, commander or admin
    Break it   the Lab button at the top, or:  npm run lab -- fault kill-writer
    Mend it    npm run lab -- heal
    Shell      source ${shellWord(join(dataDir, 'lab/env'))}   then aws, kubectl and psql meet the lab
    Stop       Ctrl-C here (data stays; npm run reset forgets it)
`)
}

/** A path as a shell takes it, also with blanks in it. */
const shellWord = (path: string): string => (/^[\w/.-]+$/.test(path) ? path : `'${path.replaceAll("'", `'"'"'`)}'`)

/** Does the runner measure the lag of at least one reader? */
async function liveLag(port: number, secret: string): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${port}/snapshot`, { headers: { authorization: `Bearer ${secret}` } })
  if (!response.ok) return false
  const snapshot = (await response.json()) as { nodes?: { lag: { value: { known: boolean } | null } }[] } | null
  return snapshot?.nodes?.some((node) => node.lag.value?.known) ?? false
}
