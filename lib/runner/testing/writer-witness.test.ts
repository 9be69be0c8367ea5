import { expect, test } from 'vitest'
import { type Accepted, twoWriters } from './writer-witness'

const writes = (servers: string): Accepted[] => [...servers].map((server, at) => ({ way: 'endpoint', server, at }))

test('a handover is the writes of one server and then those of another', () => {
  expect(twoWriters(writes(''))).toBeNull()
  expect(twoWriters(writes('aaa'))).toBeNull()
  expect(twoWriters(writes('aaabbb'))).toBeNull()
  expect(twoWriters(writes('aabbc'))).toBeNull()
})

test('a server that takes a write after another took over is a second writer', () => {
  expect(twoWriters(writes('aabba'))).toMatchObject({ server: 'a', at: 4 })
  expect(twoWriters(writes('abcb'))).toMatchObject({ server: 'b', at: 3 })
})
