// What `npm start` and `npm test` install is what somebody wrote down: every package by its address and its sum, for each
// machine on which the product runs, and none below the version in which a known hole was closed.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

interface Entry {
  version: string
  name?: string
  resolved?: string
  integrity?: string
  inBundle?: boolean
  link?: boolean
  os?: string[]
  cpu?: string[]
  libc?: string[]
  dependencies?: Record<string, string>
  devDependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
  peerDependenciesMeta?: Record<string, { optional?: boolean }>
}

const read = (file: string) => JSON.parse(readFileSync(join(import.meta.dirname, '..', file), 'utf8')) as unknown
const lock = read('package-lock.json') as { lockfileVersion: number; packages: Record<string, Entry> }
const manifest = read('package.json') as Omit<Entry, 'version'>
const root = lock.packages['']
const installed = Object.entries(lock.packages).filter(([path]) => path !== '')
const nameOf = (path: string) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
const mend = 'Run "npm run lockfile" and commit package-lock.json.'

/** Where a package finds one that it names: beside its own packages, then outwards, as Node looks. */
function found(from: string, name: string): Entry | undefined {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    const entry = lock.packages[`${at === '' ? '' : `${at}/`}node_modules/${name}`]
    if (entry || at === '') return entry
  }
}

/** The least version of a package, by major version where an older line is kept safe too, and the hole closed there. */
const floors: { name: string; least: string[]; why: string }[] = [
  { name: 'next', least: ['16.3.3'], why: 'proxies and server functions were bypassed in earlier ones' },
  { name: 'next-auth', least: ['4.24.15'], why: 'mails went to other addresses before 4.24.12 (GHSA-5jpx-9hw9-2fx4)' },
  { name: 'react', least: ['19.2.1'], why: 'server functions ran code of strangers (CVE-2025-55182)' },
  { name: 'react-dom', least: ['19.2.1'], why: 'goes with react' },
  { name: 'jsonpath-plus', least: ['10.3.0'], why: 'ran code from a path (CVE-2025-1302)' },
  { name: 'form-data', least: ['4.0.4'], why: 'boundaries could be guessed (CVE-2025-7783)' },
  { name: 'js-yaml', least: ['4.1.1'], why: 'prototype pollution (CVE-2025-64718)' },
  { name: 'fast-xml-parser', least: ['5.3.5'], why: 'names of entities ran as patterns (CVE-2026-25896)' },
  { name: 'nanoid', least: ['3.3.8', '5.0.9'], why: 'predictable ids (CVE-2024-55565)' },
  { name: 'postcss', least: ['8.4.31'], why: 'comments became rules (CVE-2023-44270)' },
  { name: 'preact', least: ['10.28.2'], why: 'JSON became markup (CVE-2026-22028)' },
  { name: 'cookie', least: ['0.7.0', '1.0.0'], why: 'names and paths could set other fields (CVE-2024-47764)' },
  { name: 'jose', least: ['4.15.5', '5.2.2', '6.0.0'], why: 'compressed tokens used up memory (CVE-2024-28176)' },
  { name: 'ws', least: ['8.17.1'], why: 'many headers ended the process (CVE-2024-37890)' },
  { name: 'esbuild', least: ['0.25.0'], why: 'any page could read its server (GHSA-67mh-4wv8-2f99)' },
  { name: 'vite', least: ['7.1.11', '8.0.0'], why: 'files outside its root were served (CVE-2025-62522)' },
  { name: 'mdast-util-to-hast', least: ['13.2.1'], why: 'classes could be chosen by a text (CVE-2025-66400)' },
  { name: '@babel/runtime', least: ['7.26.10'], why: 'slow patterns (CVE-2025-27789)' },
  { name: 'koa', least: ['2.16.2', '3.0.1'], why: 'redirects left the site (CVE-2025-8129)' },
]

const parts = (version: string): number[] => (version.split(/[-+]/)[0] ?? '').split('.').map(Number)
function below(version: string, least: string): boolean {
  const [own, floor] = [parts(version), parts(least)]
  for (let i = 0; i < 3; i++) if (own[i] !== floor[i]) return (own[i] ?? 0) < (floor[i] ?? 0)
  return false
}
/** The floor of a version's own line, or the lowest line's when its line has none of its own and is older. */
function floorFor(version: string, least: string[]): string | undefined {
  const line = (of: string) => (parts(of)[0] === 0 ? parts(of).slice(0, 2).join('.') : String(parts(of)[0]))
  return least.find((one) => line(one) === line(version)) ?? least.find((one) => below(version, one))
}

const machines = ['x64', 'arm64'].flatMap((cpu) => ['glibc', 'musl'].map((libc) => ({ os: 'linux', cpu, libc })))
const runsOn = ({ os, cpu, libc }: Entry, machine: (typeof machines)[number]) =>
  (!os || os.includes(machine.os)) && (!cpu || cpu.includes(machine.cpu)) && (!libc || libc.includes(machine.libc))

describe('the lockfile', () => {
  test('knows every package by its address at the registry and its sum', () => {
    const vague = installed.flatMap(([path, { resolved, integrity, inBundle, link }]) => {
      if (inBundle) return [] // comes within another package, which has a sum
      const sure =
        !link &&
        /^https:\/\/registry\.npmjs\.org\/(@[\w.-]+\/)?[\w.-]+\/-\/[\w.-]+\.tgz$/.test(resolved ?? '') &&
        /^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity ?? '')
      return sure ? [] : [path]
    })
    expect(vague, mend).toEqual([])
    expect(lock.lockfileVersion).toBe(3)
  })

  test('is of this package.json, in which every version is exact', () => {
    for (const kind of ['dependencies', 'devDependencies', 'optionalDependencies'] as const) {
      expect(root?.[kind] ?? {}, mend).toEqual(manifest[kind] ?? {})
      for (const [name, version] of Object.entries(manifest[kind] ?? {})) {
        expect(version, name).toMatch(/^\d+\.\d+\.\d+(-[\w.]+)?$/)
        expect(lock.packages[`node_modules/${name}`]?.version, `${name}. ${mend}`).toBe(version)
      }
    }
  })

  test('leaves out nothing that a package names, also for other machines', () => {
    const missing = [['', root] as const, ...installed].flatMap(([path, entry]) => {
      const optionalPeers = Object.entries(entry?.peerDependenciesMeta ?? {}).flatMap(([n, m]) =>
        m.optional ? [n] : [],
      )
      return [
        ...Object.keys(entry?.dependencies ?? {}),
        ...Object.keys(entry?.optionalDependencies ?? {}),
        ...Object.keys(entry?.peerDependencies ?? {}).filter((name) => !optionalPeers.includes(name)),
      ].flatMap((name) => (found(path, name) ? [] : [`${path || 'package.json'} needs ${name}`]))
    })
    expect(missing, mend).toEqual([])
  })

  test.each(machines)('has, for $os $cpu $libc, every program that comes as a package for one machine', (machine) => {
    const lacking = installed.flatMap(([path, entry]) => {
      const native = Object.keys(entry.optionalDependencies ?? {}).filter(
        (name) => (found(path, name)?.os ?? []).length,
      )
      // A package that offers programs for machines at all offers one for ours; PostgreSQL's and fsevents name their platform alone.
      if (!native.some((name) => runsOn(found(path, name) ?? { version: '' }, machine)) && native.length > 2)
        return [path]
      return []
    })
    expect(lacking, mend).toEqual([])
  })

  test.each(floors)('has no $name below $least: $why', ({ name, least }) => {
    const versions = installed.flatMap(([path, { version }]) => (nameOf(path) === name ? [version] : []))
    expect(versions.length, `${name} is not used any more: take its floor away`).toBeGreaterThan(0)
    for (const version of versions) {
      const floor = floorFor(version, least)
      expect(floor !== undefined && below(version, floor), `${name} ${version}`).toBe(false)
    }
  })

  test('the comparison of versions sees what is too old', () => {
    expect(below('16.3.2', '16.3.3')).toBe(true)
    expect(below('16.10.0', '16.3.3')).toBe(false)
    expect(below('8.5.23', '8.4.31')).toBe(false)
    const verdict = (version: string, least: string[]) => below(version, floorFor(version, least) ?? '0.0.0')
    expect(verdict('0.6.9', ['0.7.0', '1.0.0'])).toBe(true)
    expect(verdict('5.0.8', ['3.3.8', '5.0.9'])).toBe(true)
    expect(verdict('3.3.9', ['3.3.8', '5.0.9'])).toBe(false)
    expect(verdict('4.0.0', ['3.3.8', '5.0.9'])).toBe(true)
    expect(verdict('9.0.0', ['3.3.8', '5.0.9'])).toBe(false)
  })
})
