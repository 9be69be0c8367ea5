import { randomBytes, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { encode } from 'next-auth/jwt'
import { Client } from 'pg'
import { Visitor } from '../../bench/visitor'
import { type Role, roles } from '../../lib/domain/people/permissions'
import { tokenHash } from '../../lib/store/people'
import { cookieValue, sessionCookie, sessionToken } from '../../lib/web/cookies'
import { port, site } from './http'

interface LocalSecrets {
  storeAdminPassword: string
  sessionSecret: string
  feedSecret: string
}
export const secrets = (): LocalSecrets =>
  JSON.parse(readFileSync(join(process.env.E2E_DATA ?? '', 'secrets.json'), 'utf8')) as LocalSecrets

/** The product's store, as its owner. */
export async function asOwner<T>(work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({
    connectionString: `postgresql://warroom_owner:${secrets().storeAdminPassword}@127.0.0.1:${port + 2}/warroom`,
  })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

const name = sessionCookie(site)
const cookieOf = (value: string) => `${name}=${value}`
export const signIn = async (role: Role): Promise<string> => (await new Visitor(site).signIn(role)).cookie

async function tokenOf(cookie: string): Promise<string> {
  const token = await sessionToken(cookieValue(cookie, name), secrets().sessionSecret)
  if (token === null) throw new Error('this is no session cookie')
  return token
}

/** Whoever may not: nobody, and everybody whose session is no session, each of them an admin once. */
type Stranger =
  | 'nobody'
  | 'garbage'
  | 'forged: sealed with another secret'
  | 'forged: a session that never was'
  | 'expired'
  | 'idle for too long'
  | 'revoked'
  | 'disabled'

/** The cookies of everybody, by who they are. */
export async function everybody(): Promise<{ strangers: Map<Stranger, string>; people: Map<Role, string> }> {
  const people = new Map<Role, string>()
  for (const role of roles) people.set(role, await signIn(role))
  const seal = async (session: string, secret: string) => cookieOf(await encode({ token: { session }, secret }))
  const strangers = new Map<Stranger, string>([
    ['nobody', ''],
    ['garbage', cookieOf(randomBytes(120).toString('base64url'))],
    [
      'forged: sealed with another secret',
      await seal(await tokenOf(people.get('admin') ?? ''), 'another secret, as long as ours is, or longer still'),
    ],
    ['forged: a session that never was', await seal(randomBytes(32).toString('base64url'), secrets().sessionSecret)],
  ])
  const ended: [Stranger, string][] = [
    ['expired', `UPDATE session SET expires_at = now() - interval '1 second' WHERE token_hash = $1`],
    ['idle for too long', `UPDATE session SET last_seen_at = now() - interval '13 hours' WHERE token_hash = $1`],
    ['revoked', 'UPDATE session SET revoked_at = now() WHERE token_hash = $1'],
    ['disabled', 'UPDATE session SET account_id = $2 WHERE token_hash = $1'],
  ]
  await asOwner(async (owner) => {
    const id = randomUUID()
    await owner.query(
      `INSERT INTO account (id, login, name, role, disabled_at) VALUES ($1, $2, 'Gone', 'admin', now())`,
      [id, `gone-${id}@lab`],
    )
    for (const [who, sql] of ended) {
      const cookie = await signIn('admin')
      const hash = tokenHash(await tokenOf(cookie))
      const { rowCount } = await owner.query(sql, sql.includes('$2') ? [hash, id] : [hash])
      if (rowCount !== 1) throw new Error(`the session that is to be ${who} was not found`)
      strangers.set(who, cookie)
    }
  })
  return { strangers, people }
}
