import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { LabSecrets } from './contract'

const secretsSchema = z.object({
  adminPassword: z.string().min(16),
  warroomPassword: z.string().min(16),
  applicationPassword: z.string().min(16),
  platformPassword: z.string().min(16),
  awsAccessKeyId: z.string(),
  awsSecretAccessKey: z.string(),
  token: z.string().min(32),
})

/** The lab's passwords, made once per data directory and readable by its owner alone. */
export function loadSecrets(dataDir: string): LabSecrets & { platformPassword: string } {
  mkdirSync(dataDir, { recursive: true })
  const file = join(dataDir, 'secrets.json')
  if (existsSync(file)) {
    const read = secretsSchema.safeParse(JSON.parse(readFileSync(file, 'utf8') || 'null'))
    if (read.success) return read.data
  }
  const word = () => randomBytes(24).toString('base64url')
  const secrets = {
    adminPassword: word(),
    warroomPassword: word(),
    applicationPassword: word(),
    platformPassword: word(),
    awsAccessKeyId: `AKIALAB${randomBytes(8).toString('hex').toUpperCase().slice(0, 13)}`,
    awsSecretAccessKey: randomBytes(30).toString('base64url'),
    token: randomBytes(32).toString('hex'),
  }
  writeFileSync(file, JSON.stringify(secrets), { mode: 0o600 })
  return secrets
}
