// A pod that waits for its database, and a pod that can never start, both are "not ready". Only the second one needs a person, in the words
// that Kubernetes has for it.
import { expect, test } from 'vitest'
import { formatTroubles, hasStarted, type StartingContainer, type StartingPod, troubleOf } from './pods'

const pod = (more: Partial<StartingPod>): StartingPod => ({
  name: 'api-1',
  ready: false,
  unplaced: null,
  containers: [],
  environments: [],
  ...more,
})
const container = (more: Partial<StartingContainer>): StartingContainer => ({
  name: 'web',
  running: false,
  waiting: null,
  restarts: 0,
  ...more,
})
const waiting = (reason: string, message = '', restarts = 0) =>
  pod({ containers: [container({ waiting: { reason, message }, restarts })] })

test.each<[string, StartingPod, ReturnType<typeof troubleOf>, boolean]>([
  ['is not looked at yet', pod({}), null, false],
  [
    'has no node',
    pod({ unplaced: '0/3 nodes are available: 3 Insufficient cpu.' }),
    { kind: 'capacity', pod: 'api-1', says: 'api-1 has no node: 0/3 nodes are available: 3 Insufficient cpu.' },
    false,
  ],
  ['begins', waiting('ContainerCreating'), null, false],
  ['waits for an init container', waiting('PodInitializing'), null, false],
  [
    'cannot pull',
    waiting('ErrImagePull', 'manifest unknown'),
    { kind: 'image', pod: 'api-1', says: 'api-1, container web: ErrImagePull: manifest unknown' },
    false,
  ],
  [
    'pulls again later',
    waiting('ImagePullBackOff', 'Back-off pulling image "a"'),
    { kind: 'image', pod: 'api-1', says: 'api-1, container web: ImagePullBackOff: Back-off pulling image "a"' },
    false,
  ],
  [
    'misses a secret',
    waiting('CreateContainerConfigError', 'secret "db" not found'),
    { kind: 'setup', pod: 'api-1', says: 'api-1, container web: CreateContainerConfigError: secret "db" not found' },
    false,
  ],
  ['runs and waits for its database', pod({ containers: [container({ running: true })] }), null, true],
  ['ends for want of a database, and is started again', waiting('CrashLoopBackOff', 'back-off', 3), null, true],
  [
    'has one container that runs and one that cannot',
    pod({
      containers: [
        container({ running: true }),
        container({ name: 'proxy', waiting: { reason: 'InvalidImageName', message: '' } }),
      ],
    }),
    { kind: 'image', pod: 'api-1', says: 'api-1, container proxy: InvalidImageName' },
    false,
  ],
])('a pod that %s', (_what, found, trouble, started) => {
  expect([troubleOf(found), hasStarted(found)]).toEqual([trouble, started])
})

test('of many pods with the same trouble one speaks', () => {
  const troubles = ['a', 'b', 'c'].map((name) => troubleOf(pod({ name, unplaced: 'full.' })) ?? expect.fail())
  expect(formatTroubles(troubles)).toBe('a has no node: full (2 more pods likewise).')
  expect(formatTroubles([])).toBe('')
})
