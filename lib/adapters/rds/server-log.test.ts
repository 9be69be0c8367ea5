/** A server's log over the wire: reading begins at its end, nothing is read twice, and the file that follows an ended one is found. */
import { appendFileSync, mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type LabDouble, startLabDouble } from '../../../lab/aws/lab-double'
import type { LogPlace } from '../../domain/cluster/server-log'
import { createRds } from './index'

const id = 'castmatch-prod-primary'
let lab: LabDouble
let rds: ReturnType<typeof createRds>
beforeEach(async () => {
  lab = await startLabDouble('hybrid')
  rds = createRds({
    region: 'us-west-2',
    drRegion: 'us-east-1',
    endpointUrl: lab.endpoint,
    credentials: lab.credentials,
  })
  mkdirSync(join(lab.dataDir, 'postgres'), { recursive: true })
})
afterEach(async () => {
  rds.close()
  await lab.stop()
})

const file = (hour: string) => join(lab.dataDir, 'postgres', `${id}.log.2026-11-29-${hour}`)
/** A file of one hour, last written then. */
function write(hour: string, text: string): void {
  writeFileSync(file(hour), text)
  const at = new Date(`2026-11-29T${hour}:59:00Z`)
  utimesSync(file(hour), at, at)
}
const read = (from: LogPlace | null) => rds.serverLog(id, from)

test('it begins at the end of the newest file, and reads each line once', async () => {
  write('02', 'old\n')
  write('03', 'one\ntwo\n')
  const start = await read(null)
  expect(start).toMatchObject({ text: '', more: false, next: { file: 'error/postgresql.log.2026-11-29-03' } })
  expect((await read(start.next)).text).toBe('')
  appendFileSync(file('03'), 'three\nfo')
  const part = await read(start.next)
  expect(part).toMatchObject({ text: 'three\nfo', more: false })
  appendFileSync(file('03'), 'ur\n')
  expect((await read(part.next)).text).toBe('ur\n')
})

test('an hour that ended is read to its end before the next one begins, and a CSV of the same entries is left out', async () => {
  write('03', 'one\n')
  const start = await read(null)
  appendFileSync(file('03'), 'last\n')
  write('04', 'first\n')
  writeFileSync(`${file('04')}.csv`, 'first\n')
  const end = await read(start.next)
  expect(end.text).toBe('last\n')
  const turned = await read(end.next)
  expect(turned).toMatchObject({
    text: '',
    more: true,
    next: { file: 'error/postgresql.log.2026-11-29-04', marker: '0' },
  })
  const next = await read(turned.next)
  expect(next.text).toBe('first\n')
  expect(await read(next.next)).toMatchObject({ text: '', more: false, next: next.next })
})

test('a large log comes in parts that say so', async () => {
  write('03', 'one\n')
  const { next } = await read(null)
  appendFileSync(file('03'), `${'x'.repeat(999)}\n`.repeat(1_500))
  const first = await read(next)
  expect(first.more).toBe(true)
  const rest = await read(first.next)
  expect(rest.more).toBe(false)
  expect(first.text.length + rest.text.length).toBe(1_500_000)
})

test('a node without a log, a file that is gone and a node that is gone are missing, by name', async () => {
  await expect(read(null)).rejects.toMatchObject({ errorClass: 'missing', message: `RDS lists no log of ${id}.` })
  write('03', 'one\n')
  const { next } = await read(null)
  rmSync(file('03'))
  await expect(read(next)).rejects.toMatchObject({ errorClass: 'missing' })
  await expect(rds.serverLog('nobody', null)).rejects.toMatchObject({ errorClass: 'missing' })
})
