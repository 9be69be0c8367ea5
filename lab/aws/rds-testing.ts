import { RDSClient } from '@aws-sdk/client-rds'
import { type LabDouble, startLabDouble } from './lab-double'

export const clusterId = 'castmatch-prod-cluster'
export const clusterArn = `arn:aws:rds:us-west-2:123456789012:cluster:${clusterId}`
export const replicaId = 'castmatch-xregion-replica'

/** A lab's RDS, and a client of each region. */
interface OpenRds {
  lab: LabDouble
  west: RDSClient
  east: RDSClient
}
export async function openRds(shape?: Parameters<typeof startLabDouble>[0]): Promise<OpenRds> {
  const lab = await startLabDouble(shape)
  const shared = { endpoint: lab.endpoint, credentials: lab.credentials, maxAttempts: 1 }
  return {
    lab,
    west: new RDSClient({ ...shared, region: 'us-west-2' }),
    east: new RDSClient({ ...shared, region: 'us-east-1' }),
  }
}
export async function closeRds({ lab, west, east }: OpenRds): Promise<void> {
  west.destroy()
  east.destroy()
  await lab.stop()
}
