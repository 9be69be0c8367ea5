import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Binaries, binariesOf } from '../../embedded-postgres/binaries'

/** Major versions that tests run besides the one that the product brings; their exact versions are in the folder's lockfile. */
export const otherMajors = [16, 17, 18] as const
type OtherMajor = (typeof otherMajors)[number]

const folder = join(import.meta.dirname, 'postgres-versions')
const packages = join(folder, 'node_modules')
const nameOf = (major: OtherMajor) => `postgres-${major}-${process.platform}-${process.arch}`

/** The programs of another major version, downloaded the first time (180 MB on disk for all). Nothing but long tests needs them. */
export async function otherBinaries(major: OtherMajor): Promise<Binaries> {
  const base = join(packages, nameOf(major))
  if (!existsSync(base)) await install()
  return binariesOf(base)
}

/** Installs beside its place and moves each package in whole: another test file may be doing the same. */
async function install(): Promise<void> {
  await mkdir(packages, { recursive: true })
  const aside = await mkdtemp(join(packages, '.installing-'))
  try {
    for (const file of ['package.json', 'package-lock.json']) await copyFile(join(folder, file), join(aside, file))
    await promisify(execFile)('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'], { cwd: aside })
    for (const major of otherMajors) {
      const place = join(packages, nameOf(major))
      await rename(join(aside, 'node_modules', nameOf(major)), place).catch((error: unknown) => {
        if (!existsSync(place)) throw error
      })
    }
  } finally {
    await rm(aside, { recursive: true, force: true })
  }
}
