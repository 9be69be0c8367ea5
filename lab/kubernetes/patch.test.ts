import { expect, test } from 'vitest'
import { jsonPatch, mergePatch, strategicPatch } from './patch'
import { fieldSelector, labelSelector } from './selectors'
import type { KubeObject } from './types'

const template = {
  containers: [
    {
      name: 'api',
      image: 'a:1',
      env: [
        { name: 'A', value: '1' },
        { name: 'B', value: '2' },
      ],
    },
  ],
}

test('a strategic merge joins containers and environment by name', () => {
  const patch = { containers: [{ name: 'api', env: [{ name: 'B', value: '3' }] }] }
  expect(strategicPatch(template, patch)).toEqual({
    containers: [
      {
        name: 'api',
        image: 'a:1',
        env: [
          { name: 'A', value: '1' },
          { name: 'B', value: '3' },
        ],
      },
    ],
  })
})

test('one strategic merge reaches several containers and init containers, each by its name, and adds what is new', () => {
  const host = (name: string, value: string, image = 'a:1') => ({ name, image, env: [{ name: 'HOST', value }] })
  const pod = { containers: [host('api', 'a'), host('worker', 'b')], initContainers: [host('migrate', 'c')] }
  const change = (name: string) => ({ name, env: [{ name: 'HOST', value: 'new' }] })
  const patch = {
    containers: [change('worker'), change('api')],
    initContainers: [change('migrate'), host('seed', 'd')],
  }
  expect(strategicPatch(pod, patch)).toEqual({
    containers: [host('api', 'new'), host('worker', 'new')],
    initContainers: [host('migrate', 'new'), host('seed', 'd')],
  })
})

test('$patch delete removes one entry and $setElementOrder orders the rest', () => {
  const patch = {
    containers: [
      {
        name: 'api',
        $patch: undefined,
        '$setElementOrder/env': [{ name: 'C' }, { name: 'A' }],
        env: [
          { name: 'C', value: '4' },
          { name: 'B', $patch: 'delete' },
        ],
      },
    ],
  }
  const result = strategicPatch(template, patch) as typeof template
  expect(result.containers[0]?.env.map((variable) => variable.name)).toEqual(['C', 'A'])
})

test('null deletes in a strategic and in a merge patch, and lists are replaced in the latter', () => {
  expect(strategicPatch({ a: 1, b: 2 }, { a: null })).toEqual({ b: 2 })
  expect(mergePatch({ a: 1, list: [1, 2] }, { a: null, list: [3] })).toEqual({ list: [3] })
})

test('a list entry without its merge key is refused', () => {
  expect(() => strategicPatch(template, { containers: [{ image: 'b:1' }] })).toThrow('merge key: name')
})

test('a JSON patch adds, replaces, removes and tests, and refuses a path that is not there', () => {
  const operations = [
    { op: 'test', path: '/a', value: 1 },
    { op: 'replace', path: '/a', value: 2 },
    { op: 'add', path: '/list/-', value: 'x' },
    { op: 'remove', path: '/b~1c' },
  ]
  expect(jsonPatch({ a: 1, list: [], 'b/c': 0 }, operations)).toEqual({ a: 2, list: ['x'] })
  expect(() => jsonPatch({}, [{ op: 'replace', path: '/a', value: 1 }])).toThrow('does not exist')
  expect(() => jsonPatch({ a: 1 }, [{ op: 'test', path: '/a', value: 2 }])).toThrow('failed')
})

test('a patch cannot reach the prototype of objects', () => {
  jsonPatch({}, [{ op: 'add', path: '/__proto__', value: { polluted: true } }])
  expect(() => jsonPatch({}, [{ op: 'add', path: '/constructor/prototype/polluted', value: true }])).toThrow()
  expect(({} as Record<string, unknown>).polluted).toBeUndefined()
})

test('selectors match labels and fields as Kubernetes does', () => {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', uid: '', resourceVersion: '', creationTimestamp: '', labels: { app: 'api', tier: 'web' } },
    status: { phase: 'Running' },
  } satisfies KubeObject & { status: unknown }
  const matching = ['app=api', 'app==api,tier!=db', 'app in (api, other)', 'tier notin (db)', 'app', '!missing', '']
  for (const text of matching) expect(labelSelector(text)(pod), text).toBe(true)
  for (const text of ['app=x', 'app in (x)', 'missing', '!app']) expect(labelSelector(text)(pod), text).toBe(false)
  expect(fieldSelector('metadata.name=p,status.phase!=Failed')(pod)).toBe(true)
  expect(fieldSelector('status.phase=Failed')(pod)).toBe(false)
  expect(() => labelSelector('a b c')).toThrow('unable to parse requirement')
})
