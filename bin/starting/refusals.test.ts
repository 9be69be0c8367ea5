import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import getPort from 'get-port'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { portsFrom } from '../../lab/ports'
import { claim, readPort, refuseFullDisk, refuseTakenPorts } from './refusals'
import { localSecrets } from './secrets'

let dataDir = ''
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'wr-refusals-'))
})
afterEach(() => rmSync(dataDir, { recursive: true, force: true }))

describe('ports', () => {
  it('names the port in use, what it is for, and the way out', async () => {
    const base = await getPort({ port: Array.from({ length: 20 }, (_, i) => 25_600 + 20 * i), host: '127.0.0.1' })
    const ports = portsFrom(base)
    const rival = createServer()
    await new Promise<void>((done) => rival.listen(ports.store, '127.0.0.1', done))
    try {
      await expect(refuseTakenPorts(ports)).rejects.toThrow(
        `Port ${base + 2} on 127.0.0.1 (the store) is in use by another program.\nSet PORT to another one, such as PORT=${base + 20} npm start.`,
      )
    } finally {
      await new Promise((done) => rival.close(done))
    }
    await expect(refuseTakenPorts(ports)).resolves.toBeUndefined()
  })

  it('refuses a PORT that is none, and one that leaves no room for the others', () => {
    expect(readPort(undefined)).toBe(3000)
    expect(readPort('3020')).toBe(3020)
    for (const wrong of ['http', '80', '32001', '3000.5', ''])
      expect(() => readPort(wrong)).toThrow(`PORT is "${wrong}": use a number from 1024 to 32000.`)
  })
})

describe('the disk', () => {
  it('needs one gigabyte, and says how much there is', () => {
    expect(() => refuseFullDisk('/data', { bavail: 1000, bsize: 1024 ** 2 })).toThrow(
      'Only 1000 MB are free for /data; the store and the lab need 1 GB.',
    )
    expect(() => refuseFullDisk('/data', { bavail: 1024, bsize: 1024 ** 2 })).not.toThrow()
  })
})

describe('the data directory', () => {
  const lock = () => join(dataDir, 'running.json')

  it('is refused to a second copy while the first lives', () => {
    writeFileSync(lock(), JSON.stringify({ pid: process.ppid, address: 'http://localhost:3000', children: {} }))
    expect(() => claim(dataDir, 'http://localhost:3020')).toThrow(
      'The War Room already runs from this data directory at http://localhost:3000. For a second copy set PORT and WARROOM_DATA.',
    )
  })

  it('is taken over from a copy that died, also when its claim is damaged, and let go at the end', () => {
    for (const left of [JSON.stringify({ pid: 2 ** 22 + 1, address: 'gone' }), '{"pid": 12', '']) {
      writeFileSync(lock(), left)
      const claimed = claim(dataDir, 'http://localhost:3020')
      expect(JSON.parse(readFileSync(lock(), 'utf8'))).toMatchObject({ pid: process.pid })
      claimed.release()
      expect(() => readFileSync(lock())).toThrow('ENOENT')
    }
  })

  it('of an earlier version keeps its secrets, and gets a password for each of the roles that the store has now', () => {
    const { storeAdminPassword, sessionSecret, feedSecret } = localSecrets(dataDir)
    const path = join(dataDir, 'secrets.json')
    const former = { storeAdminPassword, storeAppPassword: 'a'.repeat(64), sessionSecret, feedSecret }
    writeFileSync(path, JSON.stringify(former))
    const upgraded = localSecrets(dataDir)
    expect(upgraded).toMatchObject({ storeAdminPassword, sessionSecret, feedSecret })
    expect(new Set([upgraded.storeWebPassword, upgraded.storeRunnerPassword]).size).toBe(2)
    expect(localSecrets(dataDir)).toEqual(upgraded)
    expect(readFileSync(path, 'utf8')).not.toContain(former.storeAppPassword)
  })

  it('with damaged secrets is named as such, without a word of what it holds', () => {
    const made = localSecrets(dataDir)
    expect(localSecrets(dataDir)).toEqual(made)
    const path = join(dataDir, 'secrets.json')
    for (const damaged of [`{"storeAdminPassword": "${made.storeAdminPassword}`, '{}', '']) {
      writeFileSync(path, damaged)
      expect(() => localSecrets(dataDir)).toThrow(`${path} is damaged. "npm run reset" recreates everything.`)
    }
  })
})
