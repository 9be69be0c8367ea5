import { readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { sourcesBelow } from './testing/sources'

/**
 * The house rule: who may import whom (docs/decisions and CONTRIBUTING). A room is the longest prefix below; packages are
 * named where only some rooms may touch them.
 */
const root = join(import.meta.dirname, '..')
const rooms: Record<string, string[]> = {
  'lib/domain': ['lib/domain'],
  'lib/procedures': ['lib/procedures', 'lib/domain', 'lib/ports'],
  'lib/ports': ['lib/ports', 'lib/domain'],
  'lib/adapters': ['lib/adapters', 'lib/ports', 'lib/domain', 'lib/config'],
  'lib/embedded-postgres': ['lib/embedded-postgres', 'lib/domain'],
  'lib/store': ['lib/store', 'lib/domain', 'lib/ports'],
  'lib/commands': ['lib/commands', 'lib/domain', 'lib/store', 'lib/procedures'],
  'lib/runner': ['lib/runner', 'lib/domain', 'lib/procedures', 'lib/ports', 'lib/store', 'lib/commands'],
  'lib/collector': ['lib/collector', 'lib/domain', 'lib/ports', 'lib/store', 'lib/commands'],
  'lib/views': ['lib/views', 'lib/store', 'lib/procedures', 'lib/domain', 'lib/config'],
  'lib/web': ['lib/web', 'lib/views', 'lib/commands', 'lib/store', 'lib/procedures', 'lib/domain', 'lib/config'],
  'lib/queries': ['lib/queries', 'lib/domain', 'lib/web/present'],
  'lib/config': ['lib/config', 'lib/domain'],
  components: ['components', 'lib/queries', 'lib/domain', 'lib/web/present'],
  app: ['app', 'components', 'lib/web', 'lib/views', 'lib/queries', 'lib/domain'],
  lab: ['lab', 'lib/domain', 'lib/embedded-postgres'],
}
const packages: { of: RegExp; only: string[] }[] = [
  {
    of: /^@aws-sdk\/|^@smithy\//,
    only: [...['rds', 's3', 'route53', 'health'].map((vendor) => `lib/adapters/${vendor}`), 'bin', 'bench', 'lab'],
  },
  { of: /^dns-packet$/, only: ['lab'] },
  { of: /^openpgp$/, only: ['lib/adapters/openpgp', 'lab'] },
  { of: /^@kubernetes\//, only: ['lib/adapters/kubernetes', 'bin', 'bench', 'lab'] },
  { of: /^(next|next-auth)(\/|$)/, only: ['app', 'lib/web', 'bin', 'components'] },
  { of: /^react(-dom)?(\/|$)/, only: ['app', 'components', 'lib/queries'] },
  { of: /^@prisma\/|^prisma$/, only: ['lib/store', 'bin', 'prisma'] },
  { of: /^server-only$/, only: ['lib/web'] },
  { of: /^@simplewebauthn\/server/, only: ['lib/commands/people'] },
  { of: /^playwright-core$/, only: ['lib/web/print.ts'] },
  { of: /^@simplewebauthn\/browser/, only: ['components'] },
]

const sources = (dir: string): string[] => sourcesBelow(dir).filter((path) => !/\.test\.tsx?$|testing/.test(path))
const within = (path: string, room: string) => path === room || path.startsWith(`${room}/`)

/** Every `from '...'`, `import '...'` and `import('...')` of a file; type-only imports are marked. */
function imports(file: string): { target: string; typeOnly: boolean }[] {
  const text = readFileSync(join(root, file), 'utf8')
  const found = text.matchAll(
    /(import|export)\s+(type\s+)?[^'"`;]*?from\s*['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]|import\s+['"]([^'"]+)['"]/g,
  )
  return [...found].map((m) => ({ target: m[3] ?? m[4] ?? m[5] ?? '', typeOnly: m[2] !== undefined }))
}
function resolved(file: string, target: string): { local: string } | { package: string } {
  if (target.startsWith('@/')) return { local: target.slice(2) }
  if (target.startsWith('.')) return { local: relative(root, resolve(root, dirname(file), target)) }
  return { package: target }
}

const files = ['lib', 'app', 'components', 'lab'].flatMap(sources)

describe('who may import whom', () => {
  test('every room imports only from the rooms that the house allows it', () => {
    const broken: string[] = []
    for (const file of files) {
      const room = Object.keys(rooms).find((name) => within(file, name))
      if (!room) continue
      for (const { target, typeOnly } of imports(file)) {
        const to = resolved(file, target)
        if (!('local' in to) || /\.(css|json|svg)$/.test(to.local)) continue
        const allowed = rooms[room]?.some((name) => within(to.local, name)) ?? false
        const action = room === 'app' && /actions\.ts$/.test(file) && within(to.local, 'lib/commands')
        const presented = typeOnly && (room === 'components' || room === 'lib/queries') && within(to.local, 'lib/web')
        const customerFigures = within(to.local, 'lib/config/castmatch')
        if (!allowed && !action && !presented && !customerFigures) broken.push(`${file} imports ${to.local}`)
        if (room === 'lib/adapters' && within(to.local, 'lib/adapters')) {
          const vendor = (path: string) => path.split('/')[2]
          // What all services of AWS have in common stands once.
          if (vendor(file) !== vendor(to.local) && vendor(to.local) !== 'aws')
            broken.push(`${file} imports another vendor's ${to.local}`)
        }
      }
    }
    expect(broken).toEqual([])
  })

  test('only programs, benchmarks and browser tests import the programs; tests of every room included', () => {
    const broken = ['lib', 'app', 'components', 'lab'].flatMap(sourcesBelow).flatMap((file) =>
      imports(file).flatMap(({ target }) => {
        const to = resolved(file, target)
        return 'local' in to && within(to.local, 'bin') ? [`${file} imports ${to.local}`] : []
      }),
    )
    expect(broken).toEqual([])
  })

  test('vendor packages stay in their rooms', () => {
    const broken: string[] = []
    for (const file of files)
      for (const { target, typeOnly } of imports(file)) {
        if (typeOnly) continue
        for (const rule of packages)
          if (rule.of.test(target) && !rule.only.some((room) => within(file, room)))
            broken.push(`${file} imports ${target}`)
      }
    expect(broken).toEqual([])
  })

  test('the domain reads no clock, no environment and does no I/O', () => {
    const broken = sources('lib/domain').flatMap((file) => {
      const text = readFileSync(join(root, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
      const signs = [
        /Date\.now\(/,
        /new Date\(\)/,
        /process\./,
        /from 'node:(?!crypto)/,
        /Math\.random\(/,
        /setTimeout\(/,
      ]
      return signs.filter((sign) => sign.test(text)).map((sign) => `${file}: ${sign.source}`)
    })
    expect(broken).toEqual([])
  })

  test('an incident is identified by its number: only the store and the form of the record know it by another name', () => {
    const knows = (file: string) => within(file, 'lib/store') || file === 'lib/domain/record/chain.ts'
    const broken = files.filter(
      (file) => !knows(file) && /\bincident_?id\b/i.test(readFileSync(join(root, file), 'utf8')),
    )
    expect(broken).toEqual([])
  })

  test('no two files import each other, by whatever way round, types included', () => {
    const known = new Set(files)
    const target = (file: string, name: string): string[] => {
      const to = resolved(file, name)
      if (!('local' in to)) return []
      return [to.local, `${to.local}.ts`, `${to.local}.tsx`, `${to.local}/index.ts`].filter((path) => known.has(path))
    }
    const edges = new Map(files.map((file) => [file, imports(file).flatMap((one) => target(file, one.target))]))
    // What imports nothing that is left, or is imported by nothing that is left, is in no circle.
    const left = new Set(files)
    for (let before = -1; before !== left.size; ) {
      before = left.size
      const imported = new Set([...left].flatMap((file) => edges.get(file) ?? []))
      for (const file of left)
        if (!imported.has(file) || !edges.get(file)?.some((to) => left.has(to))) left.delete(file)
    }
    expect([...left]).toEqual([])
  })
})
