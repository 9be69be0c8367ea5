import { DescribeDBInstancesCommand } from '@aws-sdk/client-rds'
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts'
import { fromAwsError } from '../aws/errors'
import { Clients, type RdsSettings } from './clients'

export interface AwsCanaries {
  rds(signal: AbortSignal): Promise<void>
  sts(signal: AbortSignal): Promise<void>
  close(): void
}

/** Asks whether RDS and STS of one region answer, by one read each that is never repeated. Both throw PortError. */
export function createAwsCanaries(settings: Omit<RdsSettings, 'drRegion'>): AwsCanaries {
  const clients = new Clients({ ...settings, drRegion: settings.region }, 1)
  const ask = (who: string, call: (signal: AbortSignal) => Promise<unknown>) => async (signal: AbortSignal) => {
    try {
      await call(signal)
    } catch (error) {
      throw fromAwsError(signal.aborted ? signal.reason : error, who, false)
    }
  }
  return {
    rds: ask(`RDS in ${settings.region}`, (abortSignal) =>
      clients.rds(settings.region).send(new DescribeDBInstancesCommand({ MaxRecords: 20 }), { abortSignal }),
    ),
    sts: ask(`STS in ${settings.region}`, (abortSignal) =>
      clients.sts(settings.region).send(new GetCallerIdentityCommand({}), { abortSignal }),
    ),
    close: () => clients.destroy(),
  }
}
