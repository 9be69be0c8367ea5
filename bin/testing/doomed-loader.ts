import type { LoadRequest } from '../../lib/ports/backup-loader'
import { backupLoader } from '../starting/backup-loader'

/** A runner that loads what it is told to, until a test kills it. */
process.once('message', (request: LoadRequest) => {
  void backupLoader().load(request, { signal: new AbortController().signal, progress: () => {} })
})
process.send?.('ready')
