import 'server-only'
import { listPeople } from '../commands/people/list-people'
import { commandContext } from './action'

/** What the people page shows, as of now. Throws ExpectedError 'not-signed-in', 'store-unavailable'. */
export async function peoplePage() {
  const context = await commandContext()
  return { ...(await listPeople(context)), me: context.person, at: context.now() }
}
export type PeoplePage = Awaited<ReturnType<typeof peoplePage>>
