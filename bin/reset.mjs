// `npm run reset`: forgets this copy's data (store, lab, secrets). The next `npm start` begins anew.
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { removeCopies } from '../lib/embedded-postgres/copies.mjs'

const root = join(import.meta.dirname, '..')
const dataDir = resolve(root, process.env.WARROOM_DATA ?? '.data')
const lock = join(dataDir, 'running.json')

const alive = (pid) => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}
if (existsSync(lock)) {
  const { pid, address } = JSON.parse(readFileSync(lock, 'utf8'))
  if (alive(pid)) {
    console.error(`The War Room is running at ${address}. Stop it first (Ctrl-C in its terminal), then reset.`)
    process.exit(1)
  }
}
// Only what we made: a data directory named by mistake keeps everything else that lies in it.
for (const name of ['store', 'lab', 'logs', 'secrets.json', 'environment.json', 'running.json'])
  rmSync(join(dataDir, name), { recursive: true, force: true })
// What the runner remembered of its clusters' nodes: the next lab has others.
for (const name of existsSync(dataDir) ? readdirSync(dataDir) : [])
  if (/^inventory-[\w-]+\.json$/.test(name)) rmSync(join(dataDir, name), { force: true })
// Outside of this folder there is nothing but copies of programs, which other checkouts of this machine may run from.
removeCopies()
console.log(`Reset: the store, the lab and the secrets of ${dataDir} are gone. "npm start" starts fresh.`)
if (existsSync(join(dataDir, 'backups'))) console.log(`Backups in ${join(dataDir, 'backups')} were kept.`)
