import pg from 'pg'
import { newPassword } from '../lib/commands/people/add-person'
import { keptOf } from '../lib/commands/people/password'
import { normaliseLogin } from '../lib/domain/people/account'

/*
 * Adds the first admin of a store, as the owner of its tables: DATABASE_OWNER_URL, WARROOM_ADMIN_LOGIN and
 * WARROOM_ADMIN_PASSWORD, by the environment. An existing account is left as it is. (The lab needs none: its people appear
 * with their first click.)
 */
const { DATABASE_OWNER_URL, WARROOM_ADMIN_LOGIN, WARROOM_ADMIN_PASSWORD } = process.env
const missing = Object.entries({ DATABASE_OWNER_URL, WARROOM_ADMIN_LOGIN, WARROOM_ADMIN_PASSWORD })
  .filter(([, value]) => !value)
  .map(([name]) => `${name} is missing`)
const password = newPassword.safeParse(WARROOM_ADMIN_PASSWORD)
if (WARROOM_ADMIN_PASSWORD && !password.success)
  missing.push(`WARROOM_ADMIN_PASSWORD: ${password.error.issues.map((issue) => issue.message).join(' ')}`)

if (missing.length > 0 || !DATABASE_OWNER_URL || !WARROOM_ADMIN_LOGIN || !password.success) {
  console.error(`The first admin cannot be added:\n${missing.map((line) => `  - ${line}`).join('\n')}`)
  process.exitCode = 2
} else {
  const owner = new pg.Client({ connectionString: DATABASE_OWNER_URL })
  await owner.connect()
  try {
    const login = normaliseLogin(WARROOM_ADMIN_LOGIN)
    const { rowCount } = await owner.query(
      `INSERT INTO account (id, login, name, role, password_hash) VALUES (gen_random_uuid(), $1, $2, 'admin', $3)
       ON CONFLICT (login) DO NOTHING`,
      [login, login.split('@')[0] ?? login, await keptOf(password.data)],
    )
    console.log(rowCount ? `Added ${login} as admin.` : `The account ${login} already exists; nothing was changed.`)
  } finally {
    await owner.end()
  }
}
