import { randomBytes } from 'node:crypto'
import { Client } from 'pg'
import { afterAll, beforeAll, inject } from 'vitest'

/** For the tests of a file: a database of its own, a role of the same name that may sign in, and connections of the owner to both. */
export function ownDatabase(prefix: string) {
  const admin = new URL(inject('postgresAdminUrl'))
  const name = `${prefix}_${randomBytes(4).toString('hex')}`
  const password = randomBytes(12).toString('hex')
  const url = Object.assign(new URL(admin), { pathname: `/${name}` }).href
  const root = new Client({ connectionString: admin.href })
  const own = new Client({ connectionString: url })
  beforeAll(async () => {
    await root.connect()
    await root.query(`CREATE ROLE ${name} LOGIN PASSWORD '${password}'`)
    await root.query(`CREATE DATABASE ${name}`)
    await own.connect()
  })
  afterAll(async () => {
    await own.end()
    await root.query(`DROP DATABASE ${name} WITH (FORCE)`)
    await root.query(`DROP ROLE ${name}`)
    await root.end()
  })
  return { name, password, address: { host: admin.hostname, port: Number(admin.port) }, url, root, own }
}
