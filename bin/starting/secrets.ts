import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

const secret = () => randomBytes(32).toString('hex')
const kept = z.string().min(32)
const schema = z.object({
  storeAdminPassword: kept,
  // Made anew in a copy of an earlier version, which had one password for both.
  storeWebPassword: kept.default(secret),
  storeRunnerPassword: kept.default(secret),
  sessionSecret: kept,
  feedSecret: kept,
  vantageSecret: kept.default(secret),
})
export type LocalSecrets = z.infer<typeof schema>

/** Secrets of this copy, made at first start and kept in `<data>/secrets.json`, readable by its owner alone. */
export function localSecrets(dataDir: string): LocalSecrets {
  const path = join(dataDir, 'secrets.json')
  if (existsSync(path)) {
    const found = readJson(path)
    const parsed = schema.safeParse(found)
    if (!parsed.success) throw new Error(`${path} is damaged. "npm run reset" recreates everything.`)
    const former = Object.keys(schema.shape).some((name) => !Object.hasOwn(found as object, name))
    return former ? write(path, parsed.data) : parsed.data
  }
  return write(path, schema.parse({ storeAdminPassword: secret(), sessionSecret: secret(), feedSecret: secret() }))
}

function write(path: string, secrets: LocalSecrets): LocalSecrets {
  writeFileSync(`${path}.new`, JSON.stringify(secrets, null, 2), { mode: 0o600 })
  renameSync(`${path}.new`, path)
  return secrets
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return null // the parser's message would quote what it read
  }
}
