import { describe, expect, it } from 'vitest'
import { byGravity } from './order'
import { regionsInQuestion, wallPicture } from './picture'
import { calmHeadline, othersWords, sightOf, waitingWords } from './says'
import { canary, snapshotWithCanaries, takenAt } from './testing/snapshot'
import type { WallReadiness, WallRun } from './view'

const snapshot = snapshotWithCanaries()
const picture = wallPicture(snapshot)

describe('what the wall gets of the cluster', () => {
  it('holds no address, query, person, event or sentence of a failure', () => {
    expect(JSON.stringify(snapshot)).toContain(canary)
    expect(JSON.stringify(picture)).not.toMatch(/canary|castmatch\.com|10\.1\.2\.3|123456789012/)
  })

  it('says of a source that fails that it fails, and of a lag that cannot be measured nothing', () => {
    expect(picture.pool).toMatchObject({ failing: true, value: { clientsWaiting: 0, servers: 5 } })
    expect(picture.nodes.map(({ lagSeconds }) => lagSeconds)).toEqual([null, 0.4])
    expect(picture.candidates).toEqual([
      { nodeId: 'castmatch-prod-replica-1', best: true, allowed: 'allowed', blocked: null, lossSeconds: null },
    ])
  })

  it('names both regions, with how each of their services answers', () => {
    expect(picture.regions.value).toEqual({
      home: { name: 'us-west-2', votes: ['fail'] },
      elsewhere: { name: 'us-east-1', votes: [] },
    })
  })

  it('tells of traffic how many resolvers answer with each region, and nothing while they cannot be asked', () => {
    expect(picture.traffic).toEqual({
      answers: { of: 3, byRegion: { 'us-west-2': 2, 'us-east-1': 1 } },
      sessions: [{ region: 'us-west-2', count: null }],
    })
    const failing = wallPicture({ ...snapshot, names: { ...snapshot.names, error: 'timeout' } })
    expect(failing.traffic.answers).toBeNull()
  })

  it('puts both regions in place of the lag while one is down, and while traffic or a writer is elsewhere', () => {
    const quiet = { ...picture, traffic: { ...picture.traffic, answers: { of: 1, byRegion: { 'us-west-2': 1 } } } }
    expect(regionsInQuestion(quiet)).toBe(false)
    expect(regionsInQuestion({ ...quiet, diagnosis: { ...quiet.diagnosis, kind: 'region-outage' } })).toBe(true)
    expect(regionsInQuestion({ ...quiet, traffic: picture.traffic })).toBe(true)
    const [writer] = quiet.nodes
    if (!writer) throw new Error('no nodes')
    const beyond = (role: 'writer' | 'unknown' | 'cross-region') =>
      regionsInQuestion({ ...quiet, nodes: [...quiet.nodes, { ...writer, region: 'us-east-1', role }] })
    expect([beyond('writer'), beyond('unknown'), beyond('cross-region')]).toEqual([true, true, false])
  })

  it('shows no lag of a reader whose last measurement failed', () => {
    const [writer, reader] = snapshot.nodes
    if (!writer || !reader) throw new Error('no nodes')
    const failing = { ...reader, lag: { ...reader.lag, error: 'timeout' } }
    expect(wallPicture({ ...snapshot, nodes: [writer, failing] }).nodes[1]?.lagSeconds).toBeNull()
  })
})

describe('what the wall can vouch for', () => {
  const live = { wall: { heldSince: null }, picture: { takenAt } }

  it('is live while the War Room answers and the picture is fresh', () => {
    expect(sightOf(live, 900, takenAt + 1200)).toEqual({ dead: false, says: null, ageMs: 1200 })
  })

  it('says when the War Room is silent, when nobody observes, and when the picture is old', () => {
    expect(sightOf(live, 4600, takenAt + 1000)).toMatchObject({
      dead: true,
      says: 'The War Room has not responded for 4 s. This data is out of date.',
    })
    expect(sightOf({ ...live, picture: null }, 0, takenAt)).toMatchObject({ dead: true, ageMs: null })
    expect(sightOf(live, 0, takenAt + 65_000).says).toContain('The cluster has not been observed for 65 s')
  })

  it('stays live when only the record cannot be read, and says so after some seconds', () => {
    const held = { ...live, wall: { heldSince: takenAt - 30_000 } }
    expect(sightOf(held, 0, takenAt)).toMatchObject({ dead: false, says: expect.stringContaining('30 s old') })
    expect(sightOf({ ...live, wall: { heldSince: takenAt - 2000 } }, 0, takenAt).says).toBeNull()
  })
})

describe('who is waited for', () => {
  const run: WallRun = {
    title: 'Primary database failover',
    sentence: '',
    alone: null,
    step: {
      number: 5,
      of: 12,
      title: 'Fail over to the target',
      state: 'waiting',
      estimate: null,
      startedAt: null,
      besides: [],
    },
    waitingFor: null,
    waitingSince: null,
    asked: null,
  }
  const words = (over: Partial<WallRun>, state: NonNullable<WallRun['step']>['state'] = 'waiting') =>
    waitingWords({ ...run, ...over, step: run.step && { ...run.step, state } })

  it('is nobody while the run goes on by itself', () => expect(words({})).toBeNull())
  it('names what a second person approves, with its cost when that is asked', () => {
    expect(words({ waitingFor: 'approval' })).toEqual({
      who: 'Second person',
      what: 'to approve: Fail over to the target',
    })
    const asked = { title: 'Fail over to replica-1, lose at most 12 s', expiresAt: takenAt }
    expect(words({ waitingFor: 'approval', asked })?.what).toBe(`to approve: ${asked.title}`)
  })
  it('names the step that failed, and the one that is done manually', () => {
    expect(words({ waitingFor: 'decision' }, 'failed')?.what).toBe('step 5 failed: Fail over to the target')
    expect(words({ waitingFor: 'decision' }, 'by-hand')?.what).toContain('manually')
  })
  it('speaks of the run when no step is at hand', () =>
    expect(waitingWords({ ...run, step: null, waitingFor: 'resume' })?.what).toContain('Primary database failover'))
})

describe('several incidents', () => {
  const one = (number: number, severity: 'SEV1' | 'SEV2' | 'SEV3', kind: 'real' | 'drill' = 'real') => ({
    number,
    severity,
    kind,
  })

  it('stand in the order real before drill, grave before light, new before old', () => {
    const open = [one(1, 'SEV2'), one(2, 'SEV1', 'drill'), one(3, 'SEV1'), one(4, 'SEV1'), one(5, 'SEV3')]
    expect(byGravity(open).map(({ number }) => number)).toEqual([4, 3, 1, 5, 2])
  })

  it('are all spoken of, two of them by name', () => {
    expect(othersWords([])).toBeNull()
    expect(othersWords([one(15, 'SEV2')])).toBe('Also open: INC-15 SEV2')
    expect(othersWords([one(15, 'SEV2'), one(16, 'SEV3', 'drill'), one(17, 'SEV3'), one(18, 'SEV3')])).toBe(
      'Also open: INC-15 SEV2, INC-16 drill, 2 more',
    )
  })
})

describe('the line of a quiet day', () => {
  const now = takenAt
  const day = 86_400_000
  const ready: WallReadiness = {
    lastProvedRestoreAt: now - day,
    nextDrillAt: now + day,
    lastDrill: null,
    lastIncident: null,
    runbook: { version: '2.0', owner: 'Infrastructure Team', reviewDueAt: now + day },
    onCall: { role: 'On-call engineer', name: 'Rotation', reachable: true, words: '24/7' },
  }
  const sight = { dead: false, says: null, ageMs: 300 }
  const line = (over: Partial<WallReadiness>) => calmHeadline(picture, { ...ready, ...over }, sight, now)

  it('is ready only when nothing that a recovery needs is unknown or late', () => {
    expect(line({})).toBe('Healthy and ready')
    for (const over of [
      { lastProvedRestoreAt: null },
      { nextDrillAt: null },
      { nextDrillAt: now - 1 },
      { runbook: { ...ready.runbook, reviewDueAt: now - 1 } },
      { onCall: { ...ready.onCall, reachable: false } },
    ])
      expect(line(over)).toBe('Healthy; DR readiness overdue')
  })

  it('claims nothing when the cluster is not seen, and nothing good when it is not well', () => {
    expect(calmHeadline(null, ready, sight, now)).toBe('State unknown')
    expect(calmHeadline(picture, ready, { ...sight, dead: true }, now)).toBe('State unknown')
    const down = { diagnosis: { ...picture.diagnosis, kind: 'primary-down' as const } }
    expect(calmHeadline(down, ready, sight, now)).toBe('Database down')
  })
})
