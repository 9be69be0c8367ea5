import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LabPart, LabRoute } from '../contract'
import { ArmedApiFaults } from '../faults/api-faults'
import { registerS3 } from './index'
import type { ObjectStore } from './object-store'

/** S3 alone: the room needs no database. */
export interface S3Room {
  url: string
  secrets: { awsAccessKeyId: string; awsSecretAccessKey: string }
  store: ObjectStore
  apiFaults: ArmedApiFaults
  /** Every request, as it came. */
  requests: Pick<IncomingMessage, 'method' | 'url' | 'headers'>[]
  end(): Promise<void>
}

export async function startS3Room(): Promise<S3Room> {
  const directory = mkdtempSync(join(tmpdir(), 'wr-s3-'))
  const routes: LabRoute[] = []
  const parts: LabPart[] = []
  const apiFaults = new ArmedApiFaults()
  const secrets = { awsAccessKeyId: 'AKIATESTCASTMATCH001', awsSecretAccessKey: 'a test key that signs nothing else' }
  const store = registerS3({
    context: { dataDir: directory, speedup: 100, apiFaults },
    secrets,
    addRoute: (route) => void routes.push(route),
    addPart: (part) => void parts.push(part),
  })
  for (const part of parts) await part.start?.()
  const requests: S3Room['requests'] = []
  const server = createServer((request, response) => {
    requests.push(request)
    void (async () => {
      for (const route of routes) if (await route(request, response)) return
      response.writeHead(404).end()
    })()
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    secrets,
    store,
    apiFaults,
    requests,
    async end() {
      for (const part of parts) await part.stop?.()
      server.closeAllConnections()
      server.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
