import { join } from 'node:path'
import { createBackupLoader } from '../../lib/adapters/backup-loader/index'
import { gpgVersion } from '../../lib/adapters/openpgp/gpg'
import { programVersion } from '../../lib/adapters/postgres/loading/program'
import type { BackupLoader } from '../../lib/ports/backup-loader'

/** Loads backups by the program beside this one, with the configuration of this process. */
export const backupLoader = (): BackupLoader =>
  createBackupLoader({
    program: join(import.meta.dirname, '../load-backup.ts'),
    async tools() {
      const [gpg, psql, pgRestore] = await Promise.all([
        gpgVersion(),
        programVersion('psql'),
        programVersion('pg_restore'),
      ])
      return { gpg, psql, pgRestore }
    },
  })
