import { execFileSync } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { readEnvironmentFile } from '../lib/config/environment'
import { stampStore, WrongStoreError } from '../lib/store/environments'
import { migrate } from '../lib/store/migrate'
import { prepareStore } from '../lib/store/prepare'
import { everything, migrationsPath, schemaPath, withSchemaEngine } from '../lib/store/schema-engine'
import { startScratchServer } from '../lib/store/testing/scratch-server'
import { configExitCode, exitOnConfigError } from './starting/process'

/*
 * migrate                applies what is missing to the store at DATABASE_OWNER_URL (a user that owns the tables). With
 *                        WARROOM_WEB_PASSWORD and WARROOM_RUNNER_PASSWORD it first creates the roles of web and runner, or
 *                        sets their passwords. With NEXTAUTH_SECRET, the web's own, it places the key by which the store knows
 *                        the web: without that, single sign-on and webhooks are refused. With WARROOM_CONFIG it stamps the store
 *                        with that environment: web and runner of others refuse it, and it refuses rows of others.
 * migrate diff NAME      writes prisma/migrations/<time>_<name>/migration.sql from what schema.prisma has more than it
 *                        had in the last commit. Needs no store: it works on a scratch server.
 *
 * Secrets come by the environment, never by the command line.
 */
const [verb, name] = process.argv.slice(2)

if (verb === undefined)
  await applyToStore().catch((error: unknown) => {
    if (!(error instanceof WrongStoreError)) throw error
    console.error(error.message)
    process.exitCode = configExitCode
  })
else if (verb === 'diff' && name && /^[a-z0-9_]+$/.test(name)) await writeDiff(name)
else {
  console.error('Usage: migrate, or migrate diff NAME (lower-case letters, digits and underscores).')
  process.exitCode = 2
}

async function applyToStore(): Promise<void> {
  const owner = process.env.DATABASE_OWNER_URL
  if (!owner) {
    console.error('DATABASE_OWNER_URL is missing: the address of the store, with a user that owns its tables.')
    process.exitCode = 2
    return
  }
  const config = process.env.WARROOM_CONFIG
  const environment = config ? exitOnConfigError(() => readEnvironmentFile(config)) : null
  const { WARROOM_WEB_PASSWORD: web, WARROOM_RUNNER_PASSWORD: runner, NEXTAUTH_SECRET: webSecret } = process.env
  if ((web === undefined) !== (runner === undefined) || process.env.WARROOM_APP_PASSWORD !== undefined) {
    console.error(
      'Web and runner each have their own role. Set WARROOM_WEB_PASSWORD and WARROOM_RUNNER_PASSWORD instead of WARROOM_APP_PASSWORD.',
    )
    process.exitCode = 2
    return
  }
  const database = new URL(owner).pathname.slice(1) || 'warroom'
  const applied =
    web && runner
      ? (await prepareStore({ adminUrl: owner, passwords: { web, runner }, database, webSecret })).applied
      : await migrate(owner, { webSecret })
  console.log(applied.length ? `Applied ${applied.join(', ')}.` : 'The store is up to date.')
  if (environment) {
    const { name, kind } = environment
    await stampStore(owner, { name, kind })
    console.log(`It belongs to ${name} (${kind}).`)
  } else console.log('No environment was stamped: set WARROOM_CONFIG to the file of the one that it belongs to.')
}

/**
 * The schema that is committed is what the migrations lead to (a test holds it against the store); the difference between
 * that and today's is the next migration. (The engine can also describe a live database, but not through this driver: it lacks
 * the catalogue's "char" type.)
 */
async function writeDiff(name: string): Promise<void> {
  const committed = execFileSync('git', ['show', 'HEAD:./schema.prisma'], {
    cwd: dirname(schemaPath),
    encoding: 'utf8',
  })
  const schema = { path: schemaPath, content: await readFile(schemaPath, 'utf8') }
  const server = await startScratchServer() // the engine does not start without one
  try {
    const { stdout } = await withSchemaEngine(server.url, async (engine) =>
      engine.diff({
        from: { tag: 'schemaDatamodel', files: [{ path: schemaPath, content: committed }] },
        to: { tag: 'schemaDatamodel', files: [schema] },
        script: true,
        exitCode: null,
        filters: everything,
      }),
    )
    const sql = stdout?.trim() ?? ''
    if (!sql || sql.startsWith('-- This is an empty migration')) {
      console.log('schema.prisma and the migrations already agree.')
      return
    }
    const folder = join(migrationsPath, `${new Date().toISOString().replace(/\D/g, '').slice(0, 14)}_${name}`)
    await mkdir(folder)
    await writeFile(join(folder, 'migration.sql'), `${sql}\n`)
    console.log(`Wrote ${join(folder, 'migration.sql')}. Read it before you commit it.`)
  } finally {
    await server.stop()
  }
}
