import { conflict } from '../../domain/errors'
import type { Db } from '../../store/client'
import { lockEnabledAdmins } from '../../store/people'

/** Refuses to lose the last person who can manage people. Locks the admins until the transaction ends. */
export async function keepAnAdmin(tx: Db, leaving: string): Promise<void> {
  const admins = await lockEnabledAdmins(tx)
  if (admins.length === 1 && admins[0] === leaving)
    throw conflict('This is the last admin who can sign in. Make somebody else an admin first.')
}
