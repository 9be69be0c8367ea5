import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LinkProxy } from './proxy'
import { readOpening } from './startup'

function startup(parameters: Record<string, string>): Buffer {
  const body = Buffer.from(
    `${Object.entries(parameters)
      .map(([key, value]) => `${key}\0${value}\0`)
      .join('')}\0`,
  )
  const head = Buffer.alloc(8)
  head.writeUInt32BE(body.length + 8, 0)
  head.writeUInt32BE(196_608, 4)
  return Buffer.concat([head, body])
}

const encryption = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])
const ours = startup({ user: 'warroom', application_name: 'collector' })
const theirs = startup({ user: 'castmatch_app', client_encoding: 'UTF8' })

describe('reading how a connection opens', () => {
  it('tells who connects, and whether a pooler does so for others', () => {
    expect(readOpening(ours)).toMatchObject({ startup: { user: 'warroom', viaPooler: false } })
    expect(readOpening(startup({ user: 'warroom', database: 'x' }))).toMatchObject({ startup: { viaPooler: true } })
  })
  it('waits for the rest of a message that came in pieces', () => {
    for (let i = 0; i < ours.length; i++) expect(readOpening(ours.subarray(0, i)).kind).toBe('incomplete')
  })
  it('recognises a request for encryption, and passes on what it does not know', () => {
    expect(readOpening(encryption)).toEqual({ kind: 'encryption', length: 8 })
    expect(readOpening(Buffer.from('GET / HTTP/1.1\r\n')).kind).toBe('other')
  })
})

describe('a link', () => {
  let echo: Server
  let other: Server
  let proxy: LinkProxy
  const sockets: Socket[] = []
  const upstreams: Socket[] = []

  beforeEach(async () => {
    echo = await serve((socket) => {
      upstreams.push(socket)
      socket.on('data', (chunk) => socket.write(chunk))
    })
    other = await serve((socket) => socket.on('data', () => socket.write('other')))
    const free = await serve(() => undefined)
    const address = at(free)
    await new Promise((done) => free.close(done))
    proxy = new LinkProxy(address)
    proxy.point([at(echo)])
    await proxy.open()
  })
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy()
    await proxy.close()
    for (const socket of upstreams.splice(0)) socket.destroy()
    echo.close()
    other.close()
  })

  async function serve(handle: (socket: Socket) => void): Promise<Server> {
    const server = createServer((socket) => {
      socket.on('error', () => undefined)
      handle(socket)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return server
  }
  function at(server: Server) {
    const address = server.address()
    if (!address || typeof address === 'string') throw new Error('no address')
    return { host: '127.0.0.1', port: address.port }
  }
  async function dial(
    opening: Buffer,
  ): Promise<{ socket: Socket; read(bytes: number): Promise<Buffer>; seen(): number }> {
    const socket = connect(proxy.listen)
    sockets.push(socket)
    socket.on('error', () => undefined)
    let got = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => {
      got = Buffer.concat([got, chunk])
    })
    await once(socket, 'connect')
    socket.write(opening)
    return {
      socket,
      seen: () => got.length,
      async read(bytes) {
        while (got.length < bytes) await once(socket, 'data')
        const taken = got.subarray(0, bytes)
        got = got.subarray(bytes)
        return taken
      },
    }
  }
  const ended = (socket: Socket) => new Promise<void>((done) => socket.once('close', () => done()))
  const refused = () =>
    new Promise<string | undefined>((done) => {
      const socket = connect(proxy.listen)
      sockets.push(socket)
      socket.once('connect', () => done('connected'))
      socket.once('error', (error: NodeJS.ErrnoException) => done(error.code))
    })

  it('passes bytes both ways unchanged, however many', async () => {
    const client = await dial(ours)
    expect(await client.read(ours.length)).toEqual(ours)
    const much = Buffer.alloc(3_000_000, 7)
    client.socket.write(much)
    expect((await client.read(much.length)).equals(much)).toBe(true)
  })

  it('answers a request for encryption with no, and goes on', async () => {
    const client = await dial(encryption)
    expect((await client.read(1)).toString()).toBe('N')
    client.socket.write(ours)
    expect(await client.read(ours.length)).toEqual(ours)
  })

  it('keeps its own fault beside that of the network around it, and comes back to it', async () => {
    proxy.setState({ kind: 'shaped', bytesPerSecond: null, latencyMs: 1 })
    proxy.setOutside({ kind: 'cut' })
    await expect.poll(refused).toBe('ECONNREFUSED')
    proxy.setOutside({ kind: 'blackhole', only: (startup) => startup?.user === 'castmatch_app' })
    await expect.poll(refused).toBe('connected')
    const other = await dial(ours)
    expect(await other.read(ours.length)).toEqual(ours)
    const held = await dial(theirs)
    proxy.setOutside({ kind: 'up' })
    expect(await held.read(theirs.length)).toEqual(theirs)
    expect(proxy.state.kind).toBe('shaped')
    expect(proxy.isNatural).toBe(false)
  })

  it('delivers what was lost on the way later, whole and in order', async () => {
    proxy.setState({ kind: 'shaped', bytesPerSecond: null, latencyMs: 1, lossPercent: 100 })
    const begun = Date.now()
    const client = await dial(ours)
    expect(await client.read(ours.length)).toEqual(ours)
    client.socket.write('abc')
    expect((await client.read(3)).toString()).toBe('abc')
    // Lost once each way; the opening itself is sent when the connection is made.
    expect(Date.now() - begun).toBeGreaterThanOrEqual(400)
  })

  it('refuses while it is closed, and resets what was open', async () => {
    const client = await dial(ours)
    await client.read(ours.length)
    const closed = ended(client.socket)
    await proxy.close()
    await closed
    expect(await refused()).toBe('ECONNREFUSED')
    await proxy.open()
    expect(await refused()).toBe('connected')
  })

  it('closes towards the client when the server goes away', async () => {
    const client = await dial(ours)
    await client.read(ours.length)
    const closed = ended(client.socket)
    for (const socket of upstreams) socket.resetAndDestroy()
    await closed
  })

  it('a black hole takes connections and says nothing, and loses nothing of what waits once it ends', async () => {
    const open = await dial(ours)
    await open.read(ours.length)
    proxy.setState({ kind: 'blackhole' })
    open.socket.write('held')
    const fresh = await dial(ours)
    // A second, unhindered link tells when the first would have answered.
    const witness = new LinkProxy({ ...proxy.listen, host: '127.0.0.2' })
    witness.point([at(echo)])
    await witness.open()
    const probe = connect(witness.listen)
    probe.write(ours)
    await once(probe, 'data')
    probe.destroy()
    await witness.close()
    expect([open.seen(), fresh.seen()]).toEqual([0, 0])
    proxy.setState({ kind: 'up' })
    expect((await open.read(4)).toString()).toBe('held')
    expect(await fresh.read(ours.length)).toEqual(ours)
  })

  it('a partial black hole swallows only whom it is meant for', async () => {
    proxy.setState({ kind: 'blackhole', only: (who) => who?.user === 'warroom' })
    const held = await dial(ours)
    const free = await dial(theirs)
    expect(await free.read(theirs.length)).toEqual(theirs)
    expect(held.seen()).toBe(0)
  })

  it('whoever asked for encryption in a black hole is answered when it ends', async () => {
    proxy.setState({ kind: 'blackhole', only: (who) => who?.user !== 'castmatch_app' })
    const held = await dial(encryption)
    // What came later has been answered, so the request has been read.
    expect(await (await dial(theirs)).read(theirs.length)).toEqual(theirs)
    expect(held.seen()).toBe(0)
    proxy.setState({ kind: 'up' })
    expect((await held.read(1)).toString()).toBe('N')
    held.socket.write(ours)
    expect(await held.read(ours.length)).toEqual(ours)
  })

  it('a slow link takes its time and keeps the order', async () => {
    proxy.setState({ kind: 'shaped', bytesPerSecond: 20_000, latencyMs: 5 })
    const client = await dial(ours)
    await client.read(ours.length)
    const begun = Date.now()
    const data = Buffer.from(Array.from({ length: 4000 }, (_, i) => i % 251))
    client.socket.write(data)
    expect((await client.read(data.length)).equals(data)).toBe(true)
    // 4000 bytes at 20 kB/s cannot pass in less than 200 ms; a slow machine only makes it longer.
    expect(Date.now() - begun).toBeGreaterThanOrEqual(190)
  })

  it('resets connections to a server it no longer points to, and keeps the others', async () => {
    const client = await dial(ours)
    await client.read(ours.length)
    proxy.point([at(echo), at(other)])
    client.socket.write('still')
    expect((await client.read(5)).toString()).toBe('still')
    const closed = ended(client.socket)
    proxy.point([at(other)])
    await closed
    const fresh = await dial(ours)
    expect((await fresh.read(5)).toString()).toBe('other')
  })
})
