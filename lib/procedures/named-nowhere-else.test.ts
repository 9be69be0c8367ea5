import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { catalogue, procedures } from './index'
import { everything } from './testing/surroundings'

/*
 * What a procedure is called, and what its steps are called, is known to the procedure alone: everybody else reads the
 * catalogue. Tests and what serves them may name a step, because they say what one procedure does.
 */
const root = join(import.meta.dirname, '../..')
const sources = (dir: string): string[] =>
  readdirSync(join(root, dir), { withFileTypes: true }).flatMap((entry) => {
    const path = `${dir}/${entry.name}`
    if (entry.isDirectory()) return /^(generated|node_modules|testing)$/.test(entry.name) ? [] : sources(path)
    return /\.tsx?$/.test(entry.name) && !/\.test\.tsx?$/.test(entry.name) ? [path] : []
  })
const files = ['lib', 'app', 'components', 'bin', 'lab']
  .flatMap(sources)
  .filter((file) => !file.startsWith('lib/procedures/'))
const code = new Map(
  files.map((file) => [
    file,
    readFileSync(join(root, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, ''),
  ]),
)

/** Step ids that are words of the product as well, such as the permission to approve: they count where a step is meant. */
const words = new Set(['approve', 'close'])

const quoted = (text: string) => `['"\`]${text.replace(/[^\w-]/g, '\\$&')}['"\`]`
const found = (sign: RegExp): string[] =>
  files.flatMap((file) =>
    (code.get(file) ?? '').split('\n').flatMap((line) => (sign.test(line) ? [`${file}: ${line.trim()}`] : [])),
  )

const places = [everything, { ...everything, poolers: [], kubernetes: null }]
const ids = new Set(procedures.flatMap((one) => places.flatMap((place) => one.steps(place).map(({ id }) => id))))

test('no step of a procedure is named outside the procedures', () => {
  expect(ids.size).toBeGreaterThan(8)
  const broken = [...ids].flatMap((id) =>
    words.has(id) ? found(new RegExp(`step_?id.*${quoted(id)}`, 'i')) : found(new RegExp(quoted(id))),
  )
  expect(broken).toEqual([])
})

test('no procedure is named outside the procedures, by its address or by its key', () => {
  const slugs = procedures.flatMap(({ slug }) => found(new RegExp(slug)))
  const keys = catalogue.flatMap(({ key }) => found(new RegExp(`['"\`](.*\\W)?${key}\\b`)))
  expect([...slugs, ...keys]).toEqual([])
})
