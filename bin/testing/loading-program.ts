import { join } from 'node:path'
import { afterAll, beforeAll, vi } from 'vitest'
import type { LoadRequest } from '../../lib/ports/backup-loader'
import { type LoadingRoom, startLoading } from '../../lib/runner/testing/loading'
import { loadingEnv } from '../../lib/runner/testing/loading-config'

/** A room for the tests of a file, in whose configuration the loading program works, and requests to load a dump in it. */
export function loadingProgram() {
  let room: LoadingRoom
  beforeAll(async () => {
    room = await startLoading()
    const { home, room: bucket } = room
    const settings = { home, s3Url: bucket.url, credentials: bucket.secrets, keys: join(home, 'ours') }
    for (const [name, value] of Object.entries(loadingEnv({ ...settings, decryptWith: 'gpg' }))) vi.stubEnv(name, value)
  })
  afterAll(async () => {
    vi.unstubAllEnvs()
    await room?.end()
  })
  return {
    room: () => room,
    async requestOf(dump: string): Promise<LoadRequest> {
      const { version: _, ...source } = await room.put(await room.sealed(dump))
      return { source, target: await room.emptyDatabase(), needs: { roles: [], extensions: [] } }
    },
  }
}
