/** The names are read from the lab's own resolvers, as its environment file names them. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { eventually, type NamesTestRoom, startNamesRoom } from '../../lab/names/testing'
import { createResolvers } from '../adapters/dns/index'
import { environmentSchema } from '../config/environment'
import { resolverList } from '../config/names'
import { nameVerdict } from '../domain/names/agreement'
import type { FollowedName, NameView } from '../domain/names/types'
import { systemClock } from '../ports/clock'
import type { Resolvers } from '../ports/names'
import { readNames } from './names'

vi.setConfig({ testTimeout: 90_000 })

let room: NamesTestRoom
let resolvers: Resolvers
let followed: readonly FollowedName[]
beforeAll(async () => {
  room = await startNamesRoom({ basePort: 25_900 })
  const { names } = z.object({ names: environmentSchema.shape.names }).parse(room.described)
  resolvers = createResolvers(resolverList({ names }))
  followed = names?.records ?? []
})
afterAll(async () => {
  await room?.end()
})

const look = (before: readonly NameView[]) =>
  readNames({ resolvers, followed }, before, systemClock, AbortSignal.timeout(20_000))

test('each name is asked of every resolver that can see it', async () => {
  const [database, api] = await look([])
  expect(database?.answers.map(({ kind }) => kind)).toEqual(['authoritative', 'cluster'])
  expect(api?.answers.map(({ kind }) => kind)).toEqual(['authoritative', 'cluster', 'public', 'public', 'public'])
  expect(database?.answers.every(({ answer }) => answer?.kind === 'answer')).toBe(true)
  expect(database?.agreedSince).not.toBeNull()
})

test('an agreement lasts from look to look, and passes after twice the TTL', async () => {
  let views = await look([])
  const [first] = views
  if (!first) throw new Error('no name')
  await eventually(async () => {
    views = await look(views)
    expect(nameVerdict(views[0] ?? first, Date.now()).state).toBe('pass')
  }, 60_000)
  expect(views[0]?.agreedSince).toBe(first.agreedSince)
})

test('a resolver that keeps its old answer is named', async () => {
  let views = await look([])
  await room.startFault('names-resolver-stale', 'public-3')
  room.ready.set('us-west-2', 0)
  await eventually(async () => {
    views = await look(views)
    const answers = views[1]?.answers ?? []
    const old = answers.filter(({ answer }) => answer?.kind === 'answer' && answer.addresses[0] === '127.0.20.1')
    expect(old.map(({ address }) => address)).toEqual([`127.0.53.5:${room.port}`])
  }, 60_000)
  const api = views[1]
  if (!api) throw new Error('no name')
  expect(nameVerdict(api, Date.now())).toMatchObject({
    state: 'fail',
    says: expect.stringContaining(`127.0.53.5:${room.port}: 127.0.20.1`),
  })
  await room.heal('names-resolver-stale')
  room.ready.set('us-west-2', 6)
})
