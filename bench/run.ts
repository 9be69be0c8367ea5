/** `npm run bench -- NAME ...` runs the named benchmarks, all without a name; one JSON line per figure. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Figure } from './figure'

const names = readdirSync(import.meta.dirname)
  .filter(
    (file) =>
      /^[a-z]+\.ts$/.test(file) &&
      !['run.ts', 'figure.ts', 'product.ts', 'visitor.ts', 'screenshots.ts'].includes(file),
  )
  .map((file) => file.replace('.ts', ''))
const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !existsSync(join(import.meta.dirname, `${name}.ts`)))
if (unknown.length) {
  console.error(`There is no benchmark ${unknown.join(', ')}. There are: ${names.join(', ')}`)
  process.exit(2)
}
let missed = 0
for (const name of asked.length ? asked : names) {
  const bench = (await import(`./${name}.ts`)) as { run: () => Promise<Figure[]> }
  for (const figure of await bench.run()) {
    const ratio = figure.theirs ? figure.ours / figure.theirs : null
    console.log(JSON.stringify({ ...figure, ratio }))
    if (!figure.met) missed += 1
  }
}
process.exit(missed ? 1 : 0)
