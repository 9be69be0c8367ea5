import { execFileSync, spawn } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Address } from '../contract'
import type { Login } from '../postgres/sql'
import { ended } from './seal'

/** Version of the installed pg_dump, such as `15.20`; null when there is none that knows servers of this major version. */
export function pgDumpVersion(serverMajor: number): string | null {
  try {
    const said = execFileSync('pg_dump', ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    const version = /\) (\d+)(\.\d+)?/.exec(said)
    return version && Number(version[1]) >= serverMajor ? `${version[1]}${version[2] ?? ''}` : null
  } catch {
    return null
  }
}

/** A plain dump by pg_dump; the password goes through a file that nobody else can read. */
export async function* pgDump(directory: string, address: Address, login: Login): AsyncGenerator<Buffer> {
  const passFile = join(directory, 'pgpass')
  const { host, port } = address
  writeFileSync(passFile, `${host}:${port}:*:${login.user}:${login.password}\n`, { mode: 0o600 })
  const where = ['--host', host, '--port', String(port), '--username', login.user, '--no-password']
  const child = spawn('pg_dump', [...where, '--format=plain', '--lock-wait-timeout=10000', login.database], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { NODE_ENV: 'production', PATH: process.env.PATH ?? '', PGPASSFILE: passFile, LC_ALL: 'C' },
  })
  const end = ended(child, 'pg_dump')
  end.catch(() => undefined)
  try {
    for await (const chunk of child.stdout) yield chunk as Buffer
    await end
  } finally {
    child.kill()
    rmSync(passFile, { force: true })
  }
}
