import { environmentSchema } from '../environment'

/** The least of a lab, with what a test changes. */
export const leastLab = (changes: Record<string, unknown> = {}) =>
  environmentSchema.parse({
    name: 'lab',
    kind: 'lab',
    aws: { accountId: '123456789012', region: 'us-west-2', drRegion: 'us-east-1', clusterId: 'castmatch' },
    database: { name: 'castmatch', user: 'u', passwordVariable: 'P', applicationRoles: ['app'] },
    kubernetes: null,
    poolers: [],
    metrics: null,
    ...changes,
  })
