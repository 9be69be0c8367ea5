/**
 * A deployment is patched, and what comes back is anything that a server, a proxy or a network can make of an answer. Nothing
 * but a Status object of Kubernetes may be written down as "nothing was changed", and nothing but the deployment as accepted.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Workloads } from '../../ports/workloads'
import {
  type AnsweringServer,
  brokenAnswers,
  hangingAnswers,
  outcomeOf,
  type Speech,
  startAnswering,
  statuses,
  wholeAnswers,
  wronglyCalled,
} from '../testing/http-answers'
import { closedPort, startFrozen, startStranger } from '../testing/never-left'
import { createApplication } from './application'
import { createKubernetes } from './index'
import { deployment, failure, list, pod, scale, writeKubeconfig } from './testing'

// Hundreds of answers, one after the other, also on a busy machine.
vi.setConfig({ testTimeout: 120_000 })

const patch = (kubernetes: Workloads) =>
  kubernetes.patchEnv('production', 'castmatch-api', {
    containers: [{ name: 'api', init: false, env: { DATABASE_HOST: 'new.example' } }],
    annotations: { 'dr.castmatch/run': 'r1' },
  })
const reasons: Record<number, string> = { 403: 'Forbidden', 404: 'NotFound', 409: 'Conflict', 429: 'TooManyRequests' }

const speech = (done: object): Speech => ({
  type: 'application/json',
  done: JSON.stringify(done),
  other: JSON.stringify(list('PodList', [])),
  refused: (status) => JSON.stringify(failure(status, reasons[status] ?? 'BadRequest')),
  strange: (status) => JSON.stringify(failure(status + 1, 'Forbidden')),
})
const patched = speech(deployment())

let directory: string
let server: AnsweringServer
const to = (url: string, requestMs = 5_000, user?: object) =>
  createKubernetes({ kubeconfig: writeKubeconfig(directory, url, user), context: 'prod', requestMs })
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'wr-kube-'))
  server = await startAnswering()
})
afterAll(async () => {
  await server.stop()
  rmSync(directory, { recursive: true })
})

describe('a change of a deployment', () => {
  test('is called what its answer shows, for every status and body', async () => {
    const kubernetes = to(server.url)
    // A conflict has a way of its own: it is read again, and sent again while it differs (watch.test.ts).
    const answers = wholeAnswers(
      patched,
      statuses.filter((status) => status !== 409),
    )
    expect(await wronglyCalled(server, answers, () => patch(kubernetes))).toEqual([])
  })

  test('of its size is called what its answer shows', async () => {
    const kubernetes = to(server.url)
    const answers = wholeAnswers(speech(scale(0)), [200, 302, 403, 409, 429, 500])
    expect(await wronglyCalled(server, answers, () => kubernetes.scale('production', 'castmatch-api', 0))).toEqual([])
  })

  test('and an object that is applied is called what its answer shows', async () => {
    const { apply } = createApplication({ kubeconfig: writeKubeconfig(directory, server.url), context: 'prod' })
    const object = { apiVersion: 'apps/v1', kind: 'Deployment' as const, metadata: { name: 'castmatch-api' } }
    const call = {
      kind: 'apply' as const,
      context: 'prod',
      namespace: 'production',
      fieldManager: 'dr',
      objects: [object],
    }
    expect(await wronglyCalled(server, wholeAnswers(patched, statuses), () => apply(call, () => {}))).toEqual([])
  })

  test('is in doubt wherever its answer breaks off', async () => {
    const kubernetes = to(server.url)
    expect(await wronglyCalled(server, brokenAnswers(patched), () => patch(kubernetes))).toEqual([])
  })

  test('is in doubt wherever its answer comes to a halt', async () => {
    const kubernetes = to(server.url, 100)
    expect(await wronglyCalled(server, hangingAnswers(patched), () => patch(kubernetes))).toEqual([])
  })

  test('that is answered with another deployment is in doubt', async () => {
    const other = deployment()
    const answers = wholeAnswers(speech({ ...other, metadata: { ...other.metadata, name: 'another' } }), [200])
    const wrong = await wronglyCalled(server, answers, () => patch(to(server.url)))
    expect(wrong).toEqual(
      ['length', 'chunks', 'close'].map((framing) => `200, done, framed by ${framing}: unknown, not accepted`),
    )
  })

  test.each(['InternalError', 'ServerTimeout', 'Timeout', 'ServiceUnavailable'])(
    'that fails with %s is in doubt though the status is 400',
    async (reason) => {
      server.answerWith({
        name: reason,
        outcome: 'unknown',
        play: (socket) =>
          socket.end(`HTTP/1.1 400 No\r\nconnection: close\r\n\r\n${JSON.stringify(failure(400, reason))}`),
      })
      expect(await outcomeOf(patch(to(server.url)))).toBe('unknown')
    },
  )

  test('whose refusal after a conflict cannot be read again certainly changed nothing', async () => {
    const conflict = JSON.stringify(failure(409, 'Conflict'))
    server.answerWith({
      name: 'conflict, then a page for the read',
      outcome: 'rejected',
      play: (socket) =>
        socket.end(
          server.requests() === 1
            ? `HTTP/1.1 409 Conflict\r\nconnection: close\r\n\r\n${conflict}`
            : 'HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n<html>',
        ),
    })
    expect(await outcomeOf(patch(to(server.url)))).toBe('rejected')
    expect(server.requests()).toBe(2)
  })

  test('that a page calls a conflict is not sent again', async () => {
    server.answerWith({
      name: 'a page with 409',
      outcome: 'unknown',
      play: (socket) => socket.end('HTTP/1.1 409 Conflict\r\nconnection: close\r\n\r\n<html>conflict</html>'),
    })
    expect(await outcomeOf(patch(to(server.url)))).toBe('unknown')
    expect(server.requests()).toBe(1)
  })
})

describe('a change that certainly never left is refused', () => {
  test('where nobody listens', async () => {
    expect(await outcomeOf(patch(to(`http://127.0.0.1:${await closedPort()}`)))).toBe('rejected')
  })

  test('where the name does not resolve', async () => {
    expect(await outcomeOf(patch(to('http://kubernetes.does-not-exist.invalid')))).toBe('rejected')
  })

  test.each([
    [
      'the plugin for credentials fails',
      { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: '/bin/false', interactiveMode: 'Never' } },
    ],
    ['the file of its certificate is gone', { 'client-certificate': '/nonexistent/c', 'client-key': '/nonexistent/k' }],
  ])('where %s', async (_what, user) => {
    server.answerWith({ name: 'never', outcome: 'accepted', play: (socket) => void socket.destroy() })
    expect(await outcomeOf(patch(to(server.url, 5_000, user)))).toBe('rejected')
    expect(server.requests()).toBe(0)
  })

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('where the certificate is not accepted (%s)', async (version) => {
    const stranger = await startStranger(version)
    try {
      const kubernetes = to(`https://127.0.0.1:${stranger.port}`)
      for (let n = 0; n < 20; n += 1) expect(await outcomeOf(patch(kubernetes))).toBe('rejected')
      expect(await stranger.bytes()).toBe(0)
    } finally {
      await stranger.stop()
    }
  })

  test('where no connection comes about in time', async () => {
    const frozen = await startFrozen()
    try {
      expect(await outcomeOf(patch(to(`http://127.0.0.1:${frozen.port}`, 100)))).toBe('rejected')
      expect(await frozen.bytes()).toBe(0)
    } finally {
      await frozen.stop()
    }
  })
})

/** What is asked of Kubernetes before and after a change, and which of its questions is answered strangely. */
const reads: { name: string; ask: (kubernetes: Workloads) => Promise<unknown>; answers: object[]; strange: number }[] =
  [
    {
      name: 'what this identity may do',
      ask: (k) => k.canI('patch', 'deployments', 'production'),
      answers: [{ kind: 'SelfSubjectAccessReview', status: { allowed: true } }],
      strange: 0,
    },
    {
      name: 'a deployment',
      ask: (k) => k.read('production', 'castmatch-api'),
      answers: [deployment(), list('PodList', [])],
      strange: 0,
    },
    {
      name: 'the pods of a deployment',
      ask: (k) => k.read('production', 'castmatch-api'),
      answers: [deployment(), { ...list('PodList', []), items: [pod('a')] }],
      strange: 1,
    },
  ]
test.each(reads)('$name: not known after an answer of something else', async ({ ask, answers, strange }) => {
  const kubernetes = to(server.url)
  const usual = (n: number) => `HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n${JSON.stringify(answers[n])}`
  const others = { ...speech(answers[strange] ?? {}), other: '{"kind":"ServiceList","metadata":{},"items":[]}' }
  for (const answer of wholeAnswers(others, [200, 302, 403])) {
    server.answerWith({
      ...answer,
      play: (socket) => {
        const n = server.requests() - 1
        if (n === strange) answer.play(socket)
        else socket.end(usual(n))
      },
    })
    const known = await ask(kubernetes).then(
      () => true,
      () => false,
    )
    expect(known, answer.name).toBe(answer.outcome === 'accepted')
  }
})

test('who else changes a deployment is unknown when the list of autoscalers cannot be read', async () => {
  server.answerWith({
    name: 'the deployment for every question',
    outcome: 'accepted',
    play: (socket) => socket.end(`HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n${JSON.stringify(deployment())}`),
  })
  expect((await to(server.url).owners('production', 'castmatch-api')).autoscaler).toEqual({
    known: false,
    why: 'Kubernetes returned an unreadable response (status 200).',
  })
})

test('what we may do is not denied by an answer that does not say', async () => {
  server.answerWith({
    name: 'a review without its verdict',
    outcome: 'accepted',
    play: (socket) => socket.end('HTTP/1.1 201 Created\r\nconnection: close\r\n\r\n{"kind":"SelfSubjectAccessReview"}'),
  })
  await expect(to(server.url).canI('patch', 'deployments', 'production')).rejects.toThrow('unreadable response')
})
