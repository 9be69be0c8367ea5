import { type Resource, resources } from './types'

const names = Object.keys(resources) as Resource[]

function resourceList(groupVersion: string, extra: Record<string, unknown>[]): Record<string, unknown> {
  const own = names
    .filter((name) => resources[name].apiVersion === groupVersion)
    .map((name) => {
      const { kind, singular, namespaced, shortNames, categories, verbs } = resources[name]
      return { name, singularName: singular, namespaced, kind, verbs, shortNames, categories }
    })
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources: [...own, ...extra] }
}

function group(name: string): Record<string, unknown> {
  const version = { groupVersion: `${name}/v1`, version: 'v1' }
  return { name, versions: [version], preferredVersion: version }
}

const documents: Record<string, Record<string, unknown>> = {
  '/version': {
    major: '1',
    minor: '32',
    gitVersion: 'v1.32.4',
    gitCommit: '59526cd4867447956156ae3a602fcbac10a2c335',
    gitTreeState: 'clean',
    buildDate: '2025-04-22T15:56:50Z',
    goVersion: 'go1.23.6',
    compiler: 'gc',
    platform: 'linux/amd64',
  },
  '/api': {
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: '127.0.0.1' }],
  },
  '/apis': { kind: 'APIGroupList', apiVersion: 'v1', groups: [group('apps'), group('authorization.k8s.io')] },
  '/apis/apps': { kind: 'APIGroup', apiVersion: 'v1', ...group('apps') },
  '/api/v1': resourceList('v1', [
    { name: 'pods/log', singularName: '', namespaced: true, kind: 'Pod', verbs: ['get'] },
  ]),
  '/apis/apps/v1': resourceList('apps/v1', [
    {
      name: 'deployments/scale',
      singularName: '',
      namespaced: true,
      group: 'autoscaling',
      version: 'v1',
      kind: 'Scale',
      verbs: ['get', 'patch', 'update'],
    },
  ]),
  '/apis/authorization.k8s.io/v1': {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: 'authorization.k8s.io/v1',
    resources: [
      {
        name: 'selfsubjectaccessreviews',
        singularName: 'selfsubjectaccessreview',
        namespaced: false,
        kind: 'SelfSubjectAccessReview',
        verbs: ['create'],
      },
    ],
  },
}

/** The discovery document of a path, or null when the path is not one of discovery. */
export function discovery(path: string): Record<string, unknown> | null {
  return documents[path] ?? null
}
