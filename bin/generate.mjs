// Makes the Prisma client from prisma/schema.prisma when the schema changed since the last time.
// Prisma's CLI wants a schema engine from its own host even for `generate`, whose work is done in WASM: naming any
// existing executable keeps it off the network.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const out = join(root, 'lib/store/generated')
const stamp = join(out, '.schema-hash')
const version = JSON.parse(readFileSync(join(root, 'node_modules/prisma/package.json'), 'utf8')).version
const hash = createHash('sha256')
  .update(readFileSync(join(root, 'prisma/schema.prisma')))
  .update(version)
  .digest('hex')

if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== hash) {
  execFileSync(process.execPath, [join(root, 'node_modules/prisma/build/index.js'), 'generate'], {
    cwd: root,
    env: {
      ...process.env,
      PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
      PRISMA_HIDE_UPDATE_MESSAGE: '1',
      CHECKPOINT_DISABLE: '1',
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  writeFileSync(stamp, hash)
}
