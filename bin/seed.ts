import { newPassword } from '../lib/commands/people/add-person'
import { hashPassword } from '../lib/commands/people/password'
import { normaliseLogin } from '../lib/domain/people/account'
import { createStore } from '../lib/store/client'
import { addAccount } from '../lib/store/people'

/*
 * Adds the first admin of a store: DATABASE_URL, WARROOM_ADMIN_LOGIN and WARROOM_ADMIN_PASSWORD, by the environment. An
 * existing account is left as it is. (The lab needs none: its people appear with their first click.)
 */
const { DATABASE_URL, WARROOM_ADMIN_LOGIN, WARROOM_ADMIN_PASSWORD } = process.env
const missing = Object.entries({ DATABASE_URL, WARROOM_ADMIN_LOGIN, WARROOM_ADMIN_PASSWORD })
  .filter(([, value]) => !value)
  .map(([name]) => `${name} is missing`)
const password = newPassword.safeParse(WARROOM_ADMIN_PASSWORD)
if (WARROOM_ADMIN_PASSWORD && !password.success)
  missing.push(`WARROOM_ADMIN_PASSWORD: ${password.error.issues.map((issue) => issue.message).join(' ')}`)

if (missing.length > 0 || !DATABASE_URL || !WARROOM_ADMIN_LOGIN || !password.success) {
  console.error(`The first admin cannot be added:\n${missing.map((line) => `  - ${line}`).join('\n')}`)
  process.exitCode = 2
} else {
  const store = createStore(DATABASE_URL)
  try {
    const login = normaliseLogin(WARROOM_ADMIN_LOGIN)
    const added = await addAccount(store.prisma, {
      login,
      name: login.split('@')[0] ?? login,
      role: 'admin',
      passwordHash: await hashPassword(password.data),
    })
    console.log(added ? `Added ${login} as admin.` : `There is an account ${login} already; it was left as it is.`)
  } finally {
    await store.close()
  }
}
