import { randomUUID } from 'node:crypto'
import { createServer, type Server } from 'node:https'
import { join } from 'node:path'
import type { Address, Lab, LabRegion, LabRoute, Silence } from '../contract'
import { labEndpoints } from '../ports'
import { applicationUser } from '../postgres/seed'
import { roomsOf } from '../workload/rooms'
import { apiImage, workloadRuntime } from '../workload/runtime'
import { KubernetesApi, type KubernetesCluster } from './api'
import { type Certificate, certificateIn } from './certificate'
import { Controller, isReady } from './controller'
import { nodeCpu, registerKubernetesFaults } from './faults'
import { kubernetesContexts, kubernetesToken, writeKubeconfig } from './kubeconfig'
import { fieldsOf, Owners } from './managed-fields'
import { nodeOf, Pods } from './pods'
import { ObjectStore } from './store'
import { type Deployment, type Namespace, type Node, type Secret, timestamp } from './types'

const productionReplicas = 6
/** The same clusters as they are dialled from the other region. */
const kubeconfigElsewhere = 'kubeconfig-elsewhere'

/**
 * Two Kubernetes clusters under `/k8s/<region>`: production with six pods, the recovery region with none. Served on the
 * lab's HTTP port, and by TLS on a port of their own because kubectl sends no token over plain HTTP. Writes
 * `<dataDir>/kubeconfig`, which names the latter, and names that file as KUBECONFIG. `more` are deployments besides
 * castmatch-api, by name and number of pods in production; the recovery region has the same, scaled to zero.
 */
export function registerKubernetes(lab: Lab, more: Record<string, number> = {}): void {
  const { context, secrets } = lab
  const token = kubernetesToken(secrets.token)
  const kubeconfig = join(context.dataDir, 'kubeconfig')
  const api = new KubernetesApi(token, context.apiFaults, context.log)
  const runtime = workloadRuntime(roomsOf(lab).ledger)
  const secret = (name: string, key: string) =>
    name === 'castmatch-database' && key === 'password' ? secrets.applicationPassword : undefined
  const clusters = kubernetesContexts.map(({ region }) => {
    // Versions rise over restarts, so that a client's old version is refused as expired and never mistaken for a new one.
    const store = new ObjectStore(Math.floor(Date.now() / 1000))
    const pods = new Pods(store, region, runtime, secret)
    return { region, store, pods, controller: new Controller(store, pods) }
  })
  registerKubernetesFaults(lab, clusters)
  roomsOf(lab).readyPods = (region) => {
    const found = clusters.find((one) => one.region === region)
    return found ? found.store.list('pods', 'production').filter(isReady).length : 0
  }
  lab.addEnvironment('KUBECONFIG', kubeconfig)
  const serve: LabRoute = async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://lab')
    const found = route(clusters, url.pathname)
    if (!found) return false
    if (await context.region?.keeps(request, found.cluster.region, 'control')) return true
    await api.handle(found.cluster, found.path, url.searchParams, request, response)
    return true
  }
  lab.addRoute(serve)
  const { control, elsewhere } = labEndpoints
  const https: Server[] = []
  watchRegion(context.region, clusters)
  lab.addPart({
    start: async () => {
      const certificate = certificateIn(join(context.dataDir, 'kubernetes-tls.pem'), Date.now())
      for (const host of [control, elsewhere]) {
        const address = { host, port: context.ports.kubernetes }
        https.push(await listen(certificate, serve, address))
        const path = host === control ? kubeconfig : join(context.dataDir, kubeconfigElsewhere)
        writeKubeconfig(path, address, certificate.cert, token)
      }
      for (const cluster of clusters) {
        for (const name of ['default', 'production']) cluster.store.put('namespaces', namespace(name))
        cluster.store.put('secrets', secretObject('castmatch-database'))
        cluster.store.put('nodes', nodeObject(nodeOf(cluster.region)))
        const production = cluster.region === 'us-west-2'
        const wanted = { 'castmatch-api': productionReplicas, ...more }
        for (const [name, replicas] of Object.entries(wanted))
          cluster.store.put('deployments', installed(castmatch(lab, name, production ? replicas : 0)))
        cluster.controller.start()
      }
    },
    stop: async () => {
      for (const cluster of clusters) cluster.controller.stop()
      await Promise.all(clusters.map((cluster) => cluster.pods.stopAll()))
      for (const server of https.splice(0)) {
        server.closeAllConnections()
        server.close()
      }
    },
  })
}

/** An outage of the region takes its open watches along, and a pod of the other region is known by its name. */
function watchRegion(reach: LabRegion | undefined, clusters: KubernetesCluster[]): void {
  if (!reach) return
  const home = clusters.filter(({ region }) => region === reach.region)
  const others = clusters.filter(({ region }) => region !== reach.region)
  reach.runsElsewhere = (name) => others.some(({ store }) => store.get('pods', 'production', name) !== undefined)
  let before: Silence | null = null
  reach.on('change', () => {
    const silence = reach.silence('control')
    if (silence === before) return
    before = silence
    for (const { store } of home) {
      if (silence !== null) store.silence()
      if (silence !== 'hang') store.dropSilenced()
    }
  })
}

/** Throws an Error with one clear sentence when the port is taken. */
async function listen(certificate: Certificate, serve: LabRoute, { host, port }: Address): Promise<Server> {
  const server = createServer(certificate, async (request, response) => {
    try {
      if (await serve(request, response)) return
      response.writeHead(404).end()
    } catch {
      response.destroy()
    }
  })
  await new Promise<void>((done, fail) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      fail(new Error(`The lab's Kubernetes API cannot listen on ${host}:${port} (${error.code ?? error.message}).`)),
    )
    server.listen(port, host, done)
  })
  return server
}

function route(clusters: KubernetesCluster[], pathname: string): { cluster: KubernetesCluster; path: string } | null {
  const prefixed = /^\/k8s\/([a-z0-9-]+)(\/.*)?$/.exec(pathname)
  if (prefixed) {
    const cluster = clusters.find((one) => one.region === prefixed[1])
    return cluster ? { cluster, path: (prefixed[2] ?? '/').replace(/\/$/, '') } : null
  }
  // Without a prefix, the production cluster answers.
  const bare = pathname === '/version' || /^\/apis?(\/|$)/.test(pathname)
  return bare && clusters[0] ? { cluster: clusters[0], path: pathname.replace(/\/$/, '') } : null
}

function namespace(name: string): Namespace {
  const creationTimestamp = timestamp(Date.now())
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name,
      uid: randomUUID(),
      resourceVersion: '',
      creationTimestamp,
      labels: { 'kubernetes.io/metadata.name': name },
    },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  }
}

const metadataOf = (name: string) => ({
  name,
  uid: randomUUID(),
  resourceVersion: '',
  creationTimestamp: timestamp(Date.now()),
})

const secretObject = (name: string): Secret => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { ...metadataOf(name), namespace: 'production' },
  type: 'Opaque',
})

function nodeObject(name: string): Node {
  const lastTransitionTime = timestamp(Date.now())
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: metadataOf(name),
    spec: {},
    status: {
      allocatable: { cpu: nodeCpu, memory: '16Gi', pods: '110' },
      conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady', lastTransitionTime }],
    },
  }
}

/** Its fields belong to the tool that has installed it. */
function installed(deployment: Deployment): Deployment {
  const owners = Owners.read(undefined)
  owners.set('Update', 'helm', fieldsOf(deployment).keys())
  const managedFields = owners.write('apps/v1', deployment.metadata.creationTimestamp)
  return { ...deployment, metadata: { ...deployment.metadata, managedFields } }
}

/** DATABASE_HOST may carry a port; DATABASE_PORT is the port of a host without one, that of the cluster's endpoints. */
function castmatch(lab: Lab, name: string, replicas: number): Deployment {
  const { cluster } = lab.context
  const pooler = roomsOf(lab).pooler.address
  const labels = { app: name }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name,
      namespace: 'production',
      uid: randomUUID(),
      resourceVersion: '',
      generation: 1,
      creationTimestamp: timestamp(Date.now()),
      labels,
      annotations: {},
    },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
      progressDeadlineSeconds: 60,
      revisionHistoryLimit: 10,
      template: {
        metadata: { labels },
        spec: {
          containers: [
            {
              name: 'api',
              image: `${apiImage}:2.14.0`,
              imagePullPolicy: 'IfNotPresent',
              env: [
                {
                  name: 'DATABASE_HOST',
                  value: pooler ? `${pooler.host}:${pooler.port}` : cluster.writerEndpoint.host,
                },
                { name: 'DATABASE_PORT', value: String(cluster.writerEndpoint.port) },
                { name: 'DATABASE_NAME', value: cluster.databaseName },
                { name: 'DATABASE_USER', value: applicationUser },
                {
                  name: 'DATABASE_PASSWORD',
                  valueFrom: { secretKeyRef: { name: 'castmatch-database', key: 'password' } },
                },
              ],
              resources: { requests: { cpu: '50m', memory: '64Mi' }, limits: { memory: '128Mi' } },
              readinessProbe: { httpGet: { path: '/ready', port: 8080 }, periodSeconds: 1, failureThreshold: 2 },
              terminationMessagePath: '/dev/termination-log',
              terminationMessagePolicy: 'File',
            },
          ],
          restartPolicy: 'Always',
          dnsPolicy: 'ClusterFirst',
          terminationGracePeriodSeconds: 5,
        },
      },
    },
    status: {},
  }
}
