import { appliedKinds, type Manifest } from '../procedure/apply-call'
import type { JsonValue } from '../procedure/canonical'
import { shorten } from '../text'

type Tree = { [member: string]: JsonValue }
const isTree = (value: JsonValue | undefined): value is Tree =>
  value !== null && typeof value === 'object' && !Array.isArray(value)
const itemsOf = (value: JsonValue | undefined): Tree[] => (Array.isArray(value) ? value.filter(isTree) : [])
const textOf = (value: JsonValue | undefined): string | null => (typeof value === 'string' ? value : null)
const treeAt = (value: JsonValue | undefined, ...path: string[]): Tree | null => {
  let at: JsonValue | undefined = value
  for (const member of path) at = isTree(at) ? at[member] : undefined
  return isTree(at) ? at : null
}

export const deploymentsIn = (manifests: readonly Manifest[]): Manifest[] =>
  manifests.filter(({ kind }) => kind === 'Deployment')

const podSpecOf = (manifest: Manifest): Tree | null => treeAt(manifest, 'spec', 'template', 'spec')
const containersOf = (manifest: Manifest): Tree[] => {
  const spec = podSpecOf(manifest)
  return [...itemsOf(spec?.containers), ...itemsOf(spec?.initContainers)]
}

/** How many pods the manifest itself asks for; null when it does not say. */
export function replicasIn(manifest: Manifest): number | null {
  const replicas = treeAt(manifest, 'spec')?.replicas
  return typeof replicas === 'number' ? replicas : null
}

/** Images of all containers, each once. */
export const imagesIn = (manifests: readonly Manifest[]): string[] => [
  ...new Set(deploymentsIn(manifests).flatMap((d) => containersOf(d).flatMap(({ image }) => textOf(image) ?? []))),
]

/** Deployments of which no container sets the variable: nobody would tell them where the database is. */
export const withoutHost = (manifests: readonly Manifest[], hostVariable: string): string[] =>
  deploymentsIn(manifests)
    .filter((d) => !containersOf(d).some(({ env }) => itemsOf(env).some(({ name }) => name === hostVariable)))
    .map(({ metadata }) => metadata.name)

/** What a run makes of the manifests. */
export interface Placement {
  namespace: string
  annotations: { [name: string]: string }
  database: { host: string; port: number; hostVariable: string; portVariable: string }
  /** Pods of each deployment. */
  replicas: (deployment: string, manifest: Manifest) => number
}

/**
 * The manifests as they are applied: in their namespace, with the annotations, the number of pods and the address of the database. A host
 * variable that carries a port keeps one; what took the host from elsewhere gets it as a value.
 */
export function placedManifests(manifests: readonly Manifest[], to: Placement): Manifest[] {
  const kinds = Object.keys(appliedKinds)
  return manifests
    .toSorted((a, b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind))
    .map((manifest) => {
      const annotations = { ...treeAt(manifest, 'metadata', 'annotations'), ...to.annotations }
      const placed: Manifest = { ...manifest, metadata: { ...manifest.metadata, namespace: to.namespace, annotations } }
      return manifest.kind === 'Deployment' ? withDatabase(placed, to) : placed
    })
}

function withDatabase(manifest: Manifest, to: Placement): Manifest {
  const spec = treeAt(manifest, 'spec') ?? {}
  const template = treeAt(spec, 'template') ?? {}
  const pod = podSpecOf(manifest) ?? {}
  const led = (container: JsonValue): JsonValue =>
    isTree(container) && Array.isArray(container.env)
      ? { ...container, env: container.env.map((variable) => ledVariable(variable, to)) }
      : container
  const podSpec: Tree = {
    ...pod,
    ...(Array.isArray(pod.containers) && { containers: pod.containers.map(led) }),
    ...(Array.isArray(pod.initContainers) && { initContainers: pod.initContainers.map(led) }),
  }
  const replicas = to.replicas(manifest.metadata.name, manifest)
  return { ...manifest, spec: { ...spec, replicas, template: { ...template, spec: podSpec } } }
}

function ledVariable(variable: JsonValue, { database }: Placement): JsonValue {
  if (!isTree(variable)) return variable
  const { name } = variable
  if (name === database.hostVariable) {
    const withPort = /:\d+$/.test(textOf(variable.value) ?? '')
    return { name, value: withPort ? `${database.host}:${database.port}` : database.host }
  }
  return name === database.portVariable ? { name, value: String(database.port) } : variable
}

/** Something that the pods take from the cluster that they run in. */
export interface NamedSource {
  kind: 'Secret' | 'ConfigMap'
  name: string
  /** Of the deployment that names it. */
  deployment: string
}

/** Secrets and config maps that pods cannot start without and that the manifests do not bring along, each once. */
export function sourcesNamed(manifests: readonly Manifest[]): NamedSource[] {
  const brought = new Set(manifests.map(({ kind, metadata }) => `${kind}/${metadata.name}`))
  const found = new Map<string, NamedSource>()
  for (const manifest of deploymentsIn(manifests)) {
    const add = (kind: NamedSource['kind'], source: Tree | null, member = 'name') => {
      const name = textOf(source?.[member])
      if (name === null || source?.optional === true || brought.has(`${kind}/${name}`)) return
      found.set(`${kind}/${name}`, { kind, name, deployment: manifest.metadata.name })
    }
    for (const container of containersOf(manifest)) {
      for (const variable of itemsOf(container.env)) {
        add('Secret', treeAt(variable, 'valueFrom', 'secretKeyRef'))
        add('ConfigMap', treeAt(variable, 'valueFrom', 'configMapKeyRef'))
      }
      for (const from of itemsOf(container.envFrom)) {
        add('Secret', treeAt(from, 'secretRef'))
        add('ConfigMap', treeAt(from, 'configMapRef'))
      }
    }
    const pod = podSpecOf(manifest)
    for (const one of itemsOf(pod?.imagePullSecrets)) add('Secret', one)
    for (const volume of itemsOf(pod?.volumes)) {
      add('Secret', treeAt(volume, 'secret'), 'secretName')
      add('ConfigMap', treeAt(volume, 'configMap'))
      for (const part of itemsOf(treeAt(volume, 'projected')?.sources)) {
        add('Secret', treeAt(part, 'secret'))
        add('ConfigMap', treeAt(part, 'configMap'))
      }
    }
  }
  return [...found.values()]
}

/** A place of a manifest that leads to the home region. */
export interface HomeReference {
  /** "Deployment castmatch-api: spec.template.spec.containers[api].image". */
  place: string
  what: 'registry' | 'secret' | 'host' | 'region'
  value: string
}

const whatIs: Record<HomeReference['what'], string> = {
  registry: 'a registry of the home region',
  secret: 'a secret of the home region',
  host: 'a host of the home region',
  region: 'the home region',
}
export const formatHomeReference = ({ place, what, value }: HomeReference): string =>
  `${place} names ${whatIs[what]}: ${value}.`

/** The places of the manifests that lead to the home region, by its name or by one of its hosts (procedures, fault 46). */
export function homeReferences(
  manifests: readonly Manifest[],
  home: { region: string; hosts: readonly string[] },
): HomeReference[] {
  const escaped = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
  // With a zone's letter, too: us-west-2b is in the region, us-west-20 is another.
  const region = new RegExp(`(?<![a-z0-9])${escaped(home.region)}[a-z]?(?![a-z0-9])`, 'i')
  const registry = new RegExp(String.raw`\.dkr(-fips)?\.ecr(-fips)?\.${escaped(home.region)}\.`, 'i')
  const secret = new RegExp(`^arn:aws[a-z-]*:(secretsmanager|ssm|kms):${escaped(home.region)}:`, 'i')
  const hosts = home.hosts
    .filter(Boolean)
    .map((host) => new RegExp(`(?<![a-z0-9.-])${escaped(host)}(?![a-z0-9-])`, 'i'))
  const whatOf = (text: string): HomeReference['what'] | null => {
    if (registry.test(text)) return 'registry'
    if (secret.test(text)) return 'secret'
    if (hosts.some((host) => host.test(text))) return 'host'
    return region.test(text) ? (/[a-z0-9-]+\.[a-z0-9-]+\.[a-z]/i.test(text) ? 'host' : 'region') : null
  }
  return manifests.flatMap(({ kind, ...manifest }) => {
    const found: HomeReference[] = []
    const note = (text: string, path: string) => {
      const what = whatOf(text)
      if (what) found.push({ place: `${kind} ${manifest.metadata.name}: ${path}`, what, value: shorten(text, 200) })
    }
    const walk = (value: JsonValue | undefined, path: string) => {
      if (typeof value === 'string') note(value, path)
      else if (Array.isArray(value))
        value.forEach((item, index) => {
          walk(item, `${path}[${(isTree(item) && textOf(item.name)) || index}]`)
        })
      else if (isTree(value))
        for (const [member, inner] of Object.entries(value)) {
          const at = path === '' ? member : `${path}.${member}`
          note(member, at)
          walk(inner, at)
        }
    }
    walk(manifest, '')
    return found
  })
}
