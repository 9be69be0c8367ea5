import { type ResolverKind, resolverKinds } from '../domain/names/types'
import type { EnvironmentConfig } from './environment'

/** Every resolver that is configured, those of the zone first. */
export const resolverList = ({ names }: Pick<EnvironmentConfig, 'names'>): { kind: ResolverKind; address: string }[] =>
  resolverKinds.flatMap((kind) => (names?.resolvers[kind] ?? []).map((address) => ({ kind, address })))
