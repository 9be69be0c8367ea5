import { DescribeDBInstancesCommand } from '@aws-sdk/client-rds'
import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager'
import { z } from 'zod'
import { unreadableAnswer } from '../../ports/outcome'
import { PortError } from '../../ports/port-error'
import type { MasterLogins } from '../../ports/restore'
import { fromAwsError } from '../aws/errors'
import { Clients, type RdsSettings } from './clients'

const secret = z.object({ username: z.string(), password: z.string().min(1) })

/** Reads the password that RDS keeps in Secrets Manager for an instance. It is kept nowhere here. */
export function createMasterLogins(settings: RdsSettings): MasterLogins & { close(): void } {
  const clients = new Clients(settings, 3)
  return {
    async passwordOf(instance, region) {
      const who = `Secrets Manager in ${region}`
      try {
        const described = await clients
          .rds(region)
          .send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: instance }))
        const arn = described.DBInstances?.[0]?.MasterUserSecret?.SecretArn
        if (!arn)
          throw new PortError('config', `RDS keeps no master password for ${instance}.`, {
            outcome: 'rejected',
            probe: 'api',
          })
        const { SecretString } = await clients.secrets(region).send(new GetSecretValueCommand({ SecretId: arn }))
        return secret.parse(JSON.parse(SecretString ?? '')).password
      } catch (error) {
        if (error instanceof PortError) throw error
        // Neither may carry what was read into a log.
        if (error instanceof SyntaxError || error instanceof z.ZodError) throw unreadableAnswer(who, 200, false)
        throw fromAwsError(error, who, false)
      }
    },
    close: () => clients.destroy(),
  }
}
