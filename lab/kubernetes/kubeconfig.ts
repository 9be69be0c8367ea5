import { createHmac } from 'node:crypto'
import { chmodSync, writeFileSync } from 'node:fs'
import type { Address } from '../contract'

/** Context of kubeconfig and region of each of the lab's Kubernetes clusters; the first is the current context. */
export const kubernetesContexts = [
  { context: 'castmatch-prod-us-west-2', region: 'us-west-2' },
  { context: 'castmatch-dr-us-east-1', region: 'us-east-1' },
] as const

export const recoveryRegion = kubernetesContexts[1].region

/** The bearer token of the lab's Kubernetes: stable for a data directory, so that a restart of the lab breaks nobody. */
export function kubernetesToken(labToken: string): string {
  return createHmac('sha256', labToken).update('kubernetes').digest('hex')
}

/** Writes the kubeconfig (mode 0600; JSON is YAML) of clients that dial this address, and returns its path. */
export function writeKubeconfig(path: string, { host, port }: Address, certificate: string, token: string): string {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': kubernetesContexts[0].context,
    clusters: kubernetesContexts.map(({ context, region }) => ({
      name: context,
      cluster: {
        server: `https://${host}:${port}/k8s/${region}`,
        'certificate-authority-data': Buffer.from(certificate).toString('base64'),
      },
    })),
    users: [{ name: 'warroom', user: { token } }],
    contexts: kubernetesContexts.map(({ context }) => ({
      name: context,
      context: { cluster: context, user: 'warroom', namespace: 'production' },
    })),
  }
  writeFileSync(path, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 })
  chmodSync(path, 0o600)
  return path
}
