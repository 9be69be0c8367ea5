import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

const schema = z.object({
  storeAdminPassword: z.string().min(32),
  storeAppPassword: z.string().min(32),
  sessionSecret: z.string().min(32),
  feedSecret: z.string().min(32),
})
export type LocalSecrets = z.infer<typeof schema>

/** Secrets of this copy, made at first start and kept in `<data>/secrets.json`, readable by its owner alone. */
export function localSecrets(dataDir: string): LocalSecrets {
  const path = join(dataDir, 'secrets.json')
  if (existsSync(path)) {
    const parsed = schema.safeParse(readJson(path))
    if (!parsed.success) throw new Error(`${path} is damaged. "npm run reset" makes a new copy of everything.`)
    return parsed.data
  }
  const secret = () => randomBytes(32).toString('hex')
  const made: LocalSecrets = {
    storeAdminPassword: secret(),
    storeAppPassword: secret(),
    sessionSecret: secret(),
    feedSecret: secret(),
  }
  writeFileSync(path, JSON.stringify(made, null, 2), { mode: 0o600 })
  return made
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return null // the parser's message would quote what it read
  }
}
