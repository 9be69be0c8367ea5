import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { backupBucket } from '../../../lab/s3/object'

interface LoadingConfig {
  home: string
  s3Url: string
  credentials: { awsAccessKeyId: string; awsSecretAccessKey: string }
  /** Directory of the key pairs. */
  keys: string
  decryptWith: 'gpg' | 'library'
}

/** The environment of a runner that knows a bucket and keys, as far as the loading program reads it. */
export function loadingEnv({ home, s3Url, credentials, keys, decryptWith }: LoadingConfig): Record<string, string> {
  const file = join(home, `environment-${decryptWith}.json`)
  writeFileSync(
    file,
    JSON.stringify({
      name: 'lab',
      kind: 'lab',
      aws: {
        accountId: '123456789012',
        region: 'us-west-2',
        drRegion: 'us-east-1',
        clusterId: 'cluster',
        endpointUrl: s3Url,
      },
      database: {
        name: 'source',
        user: 'collector',
        passwordVariable: 'LOADING_PASSWORD',
        applicationRoles: ['app'],
        tls: 'disable',
      },
      kubernetes: null,
      poolers: [],
      metrics: null,
      backups: {
        bucket: backupBucket,
        prefix: 'daily/',
        source: 'production',
        decryptWith,
        decryptionKeyFile: join(keys, 'decryption-private.asc'),
        signingKeyFile: join(keys, 'signing-public.asc'),
      },
    }),
  )
  return {
    WARROOM_CONFIG: file,
    DATABASE_URL: 'postgresql://runner@127.0.0.1:9/store',
    WARROOM_FEED_SECRET: 'a secret of the feed that nobody uses here',
    LOADING_PASSWORD: 'unused',
    AWS_ACCESS_KEY_ID: credentials.awsAccessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.awsSecretAccessKey,
  }
}
