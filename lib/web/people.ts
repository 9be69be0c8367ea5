import 'server-only'
import { listPeople } from '../commands/people/list-people'
import { enrolmentLine } from '../config/enrolment'
import { notSignedIn } from '../domain/errors'
import { keyFingerprint } from '../domain/people/passkey'
import { findAccount } from '../store/people'
import { commandContext } from './action'

/** What the people page shows, as of now. Throws ExpectedError 'not-signed-in', 'store-unavailable'. */
export async function peoplePage() {
  const context = await commandContext()
  const [{ myPasskeys, ...listed }, account] = await Promise.all([
    listPeople(context),
    findAccount(context.store.prisma, context.person.id),
  ])
  if (!account) throw notSignedIn()
  const passkeys = myPasskeys.map(({ id, name, createdAt, publicKey }) => ({
    id,
    name,
    createdAt,
    fingerprint: keyFingerprint(publicKey),
    line: enrolmentLine({ credentialId: id, publicKey, accountId: account.id, login: account.login }),
  }))
  return { ...listed, me: context.person, account, passkeys, at: context.now() }
}
