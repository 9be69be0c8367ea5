import { createPostgresAdmin } from '../../lib/adapters/postgres/admin'
import { createRestorer } from '../../lib/runner/restorer'
import { backupLoader } from '../starting/backup-loader'

/** Restores by the loading program into a server of a test, whose master has this password. */
export const restorerOf = (password: string) =>
  createRestorer({
    loader: backupLoader(),
    admin: createPostgresAdmin({ tls: 'disable' }),
    masters: { passwordOf: async () => password },
    ownPasswords: {},
    tls: null,
    signed: true,
  })
