/** What the environment of one container says, in a deployment's template or in a pod. */
export interface ContainerEnvironment {
  name: string
  /** It is one of the init containers. */
  init: boolean
  /** Variables with a plain value. */
  env: Record<string, string>
  /** Variables that are taken from elsewhere (`valueFrom`), each with its source in words. */
  references: Record<string, string>
  /** Sources that are taken as a whole (`envFrom`): which variables they hold is not known here. */
  sources: { from: string; prefix: string }[]
}

/** How one container comes to its database host. A type alias, because a run keeps it as JSON. */
export type HostSetting = { container: string; init: boolean } & (
  | { by: 'value'; host: string }
  | { by: 'reference'; from: string }
)
type PlainHost = Extract<HostSetting, { by: 'value' }>

/** Every container that sets the variable, containers first, in the order of the template. */
export function hostSettings(containers: readonly ContainerEnvironment[], variable: string): HostSetting[] {
  return containers.flatMap(({ name, init, env, references }): HostSetting[] => {
    const host = env[variable]
    if (host !== undefined) return [{ container: name, init, by: 'value', host }]
    const from = references[variable]
    return from === undefined ? [] : [{ container: name, init, by: 'reference', from }]
  })
}

export const isPlain = (setting: HostSetting): setting is PlainHost => setting.by === 'value'

/** Containers that may take the variable from a whole source: they do not set it, so the source would decide. */
export function hiddenHosts(containers: readonly ContainerEnvironment[], variable: string) {
  return containers.flatMap(({ name, init, env, references, sources }) => {
    if (variable in env || variable in references) return []
    const from = sources.filter(({ prefix }) => variable.startsWith(prefix)).map((source) => source.from)
    return from.length > 0 ? [{ container: name, init, from }] : []
  })
}

/** A container as people name it: "api", "init container migrate". */
export const containerWords = ({ container, init }: { container: string; init: boolean }): string =>
  init ? `init container ${container}` : container

/** "a", "a and b", "a, b and c". */
const listWords = (words: string[]) =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`

export const containersWords = (all: readonly { container: string; init: boolean }[]): string =>
  listWords(all.map(containerWords))

/** Which containers have which host: "db-1 in api and worker; db-2 in init container migrate". */
export function hostWords(settings: readonly PlainHost[]): string {
  const hosts = [...new Set(settings.map(({ host }) => host))]
  return hosts
    .map((host) => `${host} in ${containersWords(settings.filter((setting) => setting.host === host))}`)
    .join('; ')
}
