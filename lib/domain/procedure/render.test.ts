import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Manifest } from './apply-call'
import { type AwsOperation, assertNoSecret, type Call, type PoolerCommand, SecretInCallError } from './call'
import { canonicalJson, digestOf, type JsonValue } from './canonical'
import type { NamesOperation } from './names-call'
import { callName, kebab, renderCall, shellQuote } from './render'
import {
  applyCall,
  awsCalls,
  kubernetesCall,
  namesCalls,
  poolerCall,
  poolerCommands,
  scaleCall,
  sqlCall,
} from './testing/calls'

const failover = awsCalls.FailoverDBCluster

/** Reads one word back as a POSIX shell does: bare text, '...' and "..." without expansions. */
function unquote(word: string): string {
  return word.replace(/'([^']*)'|"([^"]*)"/g, (_, single?: string, double?: string) => single ?? double ?? '')
}

describe('a call shown as a command', () => {
  test('is the very call, option by option, with its region', () => {
    expect(renderCall(failover)).toBe(
      'aws rds failover-db-cluster \\\n  --db-cluster-identifier c \\\n  --target-db-instance-identifier c-2 \\\n  --region us-west-2',
    )
  })

  test('uses the names of the command line for the names of the API', () => {
    expect(
      [
        'RestoreDBClusterToPointInTime',
        'EnableIAMDatabaseAuthentication',
        'DBClusterIdentifier',
        'VpcSecurityGroupIds',
        'KmsKeyId',
      ].map(kebab),
    ).toEqual([
      'restore-db-cluster-to-point-in-time',
      'enable-iam-database-authentication',
      'db-cluster-identifier',
      'vpc-security-group-ids',
      'kms-key-id',
    ])
  })

  test('turns a switch into its own option', () => {
    expect(renderCall(awsCalls.ModifyDBInstance)).toContain('--apply-immediately \\\n  --no-multi-az')
  })

  /** The whole command of every operation, spelt out. */
  const commands: Record<AwsOperation, string> = {
    FailoverDBCluster: 'failover-db-cluster --db-cluster-identifier c --target-db-instance-identifier c-2',
    PromoteReadReplica:
      'promote-read-replica --db-instance-identifier r --backup-retention-period 7 --preferred-backup-window 09:00-09:30',
    RebootDBInstance: 'reboot-db-instance --db-instance-identifier i --force-failover',
    ModifyDBInstance:
      'modify-db-instance --db-instance-identifier i --vpc-security-group-ids sg-1 sg-2 --apply-immediately --no-multi-az',
    ModifyDBCluster:
      'modify-db-cluster --db-cluster-identifier c --backup-retention-period 14 --deletion-protection --apply-immediately',
    RestoreDBClusterToPointInTime:
      'restore-db-cluster-to-point-in-time --db-cluster-identifier c-new --source-db-cluster-identifier c --restore-to-time 2026-11-22T10:00:00Z --enable-cloudwatch-logs-exports postgresql --tags Key=dr-run,Value=r-1',
    RestoreDBInstanceToPointInTime:
      'restore-db-instance-to-point-in-time --target-db-instance-identifier i-new --source-db-instance-identifier i --restore-time 2026-11-22T10:00:00Z --db-parameter-group-name pg15 --no-enable-iam-database-authentication --tags Key=dr-run,Value=r-1',
    CreateDBInstance:
      'create-db-instance --db-instance-identifier c-new-1 --db-cluster-identifier c-new --db-instance-class db.r6g.2xlarge --engine aurora-postgresql --manage-master-user-password --tags Key=dr-run,Value=r-1',
    CreateDBInstanceReadReplica:
      'create-db-instance-read-replica --db-instance-identifier i-2 --source-db-instance-identifier i --iops 12000',
    DeleteDBInstance: 'delete-db-instance --db-instance-identifier i-2 --skip-final-snapshot',
    DeleteDBCluster:
      'delete-db-cluster --db-cluster-identifier c-new --no-skip-final-snapshot --final-db-snapshot-identifier last',
    AddTagsToResource:
      'add-tags-to-resource --resource-name arn:aws:rds:us-west-2:1:cluster:c --tags Key=dr-run,Value=r-1',
  }
  const oneLine = (call: Call) => renderCall(call).replaceAll(' \\\n ', '')

  test.each(Object.values(awsCalls))('of $operation names each member and its value', (call) => {
    expect(oneLine(call)).toBe(`aws rds ${commands[call.operation]} --region us-west-2`)
    expect(callName(call)).toBe(`rds ${call.operation}`)
  })

  const nameCommands: Record<NamesOperation, string> = {
    ChangeResourceRecordSets:
      'route53 change-resource-record-sets --hosted-zone-id Z1 --change-batch ' +
      `'{"Comment":"run r-1: the writer'"'"'s name","Changes":[{"Action":"UPSERT","ResourceRecordSet":{"Name":"db.castmatch.internal.","Type":"CNAME","SetIdentifier":"us-west-2","Failover":"PRIMARY","TTL":10,"ResourceRecords":[{"Value":"replica.us-east-1.castmatch.internal"}],"HealthCheckId":"h-1"}}]}'`,
    UpdateHealthCheck:
      'route53 update-health-check --health-check-id h-1 --health-check-version 4 --disabled --inverted',
    PutObject: `s3api put-object --bucket b --key failover/database --metadata '{"dr-run":"r-1"}'`,
    DeleteObject: 's3api delete-object --bucket b --key failover/database',
  }
  test.each(Object.values(namesCalls))('of $operation at the names says where they lead', (call) => {
    expect(oneLine(call)).toBe(`aws ${nameCommands[call.operation]} --region us-east-1`)
    expect(callName(call)).toBe(`${call.service} ${call.operation}`)
  })

  const psql = 'psql -X -v ON_ERROR_STOP=1 -h p -p 6432 -U u -d pgbouncer'
  const consoleCommands: Record<PoolerCommand['command'], [cli: string, name: string]> = {
    PAUSE: [
      `timeout --foreground 0.1 ${psql} -c 'PAUSE d' || { [ $? -eq 124 ] && ${psql} -c 'KILL d'; }`,
      'pooler p/d: PAUSE (KILL after 0.1 s)',
    ],
    KILL: [`${psql} -c 'KILL d'`, 'pooler p/d: KILL'],
    RECONNECT: [`${psql} -c 'RECONNECT d'`, 'pooler p/d: RECONNECT'],
    RESUME: [`${psql} -c 'RESUME d'`, 'pooler p/d: RESUME'],
  }
  test.each(Object.values(poolerCommands))('of $command to the pooler says what it may turn into', (command) => {
    const call = poolerCall(command)
    expect([oneLine(call), callName(call)]).toEqual(consoleCommands[command.command])
  })

  test('of several commands to the pooler goes on only while they succeed', () => {
    expect(oneLine(poolerCall(poolerCommands.RECONNECT, poolerCommands.RESUME))).toBe(
      `${psql} -c 'RECONNECT d' && ${psql} -c 'RESUME d'`,
    )
  })

  test('of a deployment or a database is the very patch, and the very statements', () => {
    expect(oneLine(kubernetesCall)).toBe(
      `kubectl --context c --namespace n patch deployment d --type strategic --patch '{"metadata":{"annotations":{"dr.castmatch/run":"r-1"}},"spec":{"template":{"spec":{"containers":[{"name":"api","env":[{"name":"DATABASE_HOST","value":"db"}]}]}}}}'`,
    )
    expect(renderCall(sqlCall)).toBe(
      `psql -X -v ON_ERROR_STOP=1 -h h -p 5432 -U recovery -d d <<'SQL'\nSET default_transaction_read_only = off;\nALTER ROLE "app" NOLOGIN;\nSQL`,
    )
  })

  test('of a number of pods is a scale, and says where no number is stored yet', () => {
    expect(oneLine(scaleCall)).toBe('kubectl --context c --namespace n scale deployment d --replicas 6')
    expect(oneLine({ ...scaleCall, replicas: null })).toContain("--replicas '<stored number>'")
  })

  test('quotes any word so that a shell reads it back unchanged', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (word) => unquote(shellQuote(word)) === word))
  })

  test('names every container of a patch, and its digest covers each', () => {
    const api = { name: 'api', init: false, env: { HOST: 'new' } }
    const migrate = { name: 'migrate', init: true, env: { HOST: 'new' } }
    const call = (containers: (typeof api)[]): Call => ({
      kind: 'kubernetes',
      context: 'c',
      namespace: 'n',
      deployment: 'd',
      patch: { containers, annotations: { a: 'b' } },
    })
    expect(renderCall(call([api, { ...api, name: 'worker' }, migrate]))).toContain(
      '{"containers":[{"name":"api","env":[{"name":"HOST","value":"new"}]},{"name":"worker","env":[{"name":"HOST","value":"new"}]}],"initContainers":[{"name":"migrate","env":[{"name":"HOST","value":"new"}]}]}',
    )
    expect(renderCall(call([]))).toContain(`--patch '{"metadata":{"annotations":{"a":"b"}}}'`)
    const digests = [[api], [api, migrate], [api, { ...migrate, init: false }]].map((all) => digestOf(call(all)))
    expect(new Set(digests).size).toBe(3)
  })

  test('never lets a statement end its own heredoc', () => {
    expect(renderCall({ ...sqlCall, statements: ['SELECT 1\nSQL\nrm -rf /'] })).toContain("<<'SQL_'")
  })
})

describe('a secret', () => {
  test.each([
    [{ ...failover, input: { MasterUserPassword: 'x' } }],
    [{ ...failover, input: { Nested: [{ SecretAccessKey: 'x' }] } }],
    [{ ...failover, input: { Url: 'postgresql://admin:hunter2@db/app' } }],
    [{ ...sqlCall, statements: ["ALTER ROLE app PASSWORD 'hunter2'"] }],
  ])('cannot be part of a call', (call) => {
    expect(() => renderCall(call as Call)).toThrow(SecretInCallError)
  })

  test('planted anywhere in any kind of call reaches no text: no command, no digest, no message', () => {
    const word = fc.stringMatching(/^[A-Za-z0-9_-]{12,40}$/)
    const text = (secret: string) =>
      fc.constantFrom(
        `ALTER ROLE app PASSWORD '${secret}'`,
        `CREATE USER x WITH ENCRYPTED PASSWORD $$${secret}$$`,
        `host=db password=${secret} sslmode=require`,
        `PGPASSWORD=${secret} psql`,
        `postgresql://admin:${secret}@db:5432/app`,
        `Bearer ${secret}`,
        `SCRAM-SHA-256$4096:${secret}`,
        `https://rds.example/?X-Amz-Signature=${secret}`,
      )
    const name = fc.constantFrom(
      'MasterUserPassword',
      'DATABASE_PASSWORD',
      'db_passwd',
      'clientSecret',
      'AWS_SECRET_ACCESS_KEY',
      'SessionToken',
      'authToken',
      'private-key',
      'credentials',
    )
    const container = { name: 'c', init: true }
    const planted = word.chain((secret) =>
      fc.record({ named: name, said: text(secret), noise: fc.string(), before: fc.nat(3) }).map((p) => ({
        secret,
        calls: [
          { ...failover, input: { [p.named]: secret } },
          { ...failover, input: { Nested: [{ Deeper: { [p.named]: secret } }] } },
          { ...failover, input: { Url: `${p.noise}\n${p.said}` } },
          { ...sqlCall, statements: [...Array<string>(p.before).fill('SELECT 1'), `${p.noise};\n${p.said}`] },
          { ...kubernetesCall, patch: { containers: [{ ...container, env: { [p.named]: secret } }], annotations: {} } },
          { ...kubernetesCall, patch: { containers: [{ ...container, env: { HOST: p.said } }], annotations: {} } },
          { ...kubernetesCall, patch: { containers: [], annotations: { note: p.said } } },
        ],
      })),
    )
    fc.assert(
      fc.property(planted, ({ secret, calls }) => {
        for (const call of calls) {
          const shown: string[] = []
          try {
            // In the order in which a runner makes them: what cannot be shown is never written down.
            shown.push(renderCall(call as Call), canonicalJson(call))
          } catch (error) {
            expect(error).toBeInstanceOf(SecretInCallError)
            shown.push(String(error))
          }
          expect(shown.join('\n')).not.toContain(secret)
        }
      }),
    )
  })

  test('is not named in the refusal', () => {
    try {
      assertNoSecret({ password: 'hunter2' })
      expect.unreachable()
    } catch (error) {
      expect(String(error)).not.toContain('hunter2')
    }
  })

  test('may be managed by AWS', () => {
    expect(() => renderCall(awsCalls.CreateDBInstance)).not.toThrow()
  })
})

describe('objects that are applied', () => {
  test('are shown as the command that applies exactly them', () => {
    expect(renderCall(applyCall)).toBe(
      [
        'kubectl --context c-dr --namespace n \\',
        "  apply --server-side --force-conflicts --field-manager castmatch-warroom -f - <<'MANIFESTS'",
        JSON.stringify(applyCall.objects[0]),
        'MANIFESTS',
      ].join('\n'),
    )
    expect(callName(applyCall)).toBe('apply Deployment d in c-dr')
  })

  const withSpec = (spec: Manifest): Call => ({ ...applyCall, objects: [spec] })
  const pod = (more: { [member: string]: JsonValue }): Call =>
    withSpec({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd' }, spec: more })

  test.each<[string, { [member: string]: JsonValue }]>([
    [
      'a variable',
      { env: [{ name: 'DATABASE_PASSWORD', valueFrom: { secretKeyRef: { name: 's', key: 'password' } } }] },
    ],
    ['a whole source', { envFrom: [{ secretRef: { name: 's' } }] }],
    ['the key of a registry', { imagePullSecrets: [{ name: 's' }] }],
    ['a volume', { volumes: [{ name: 'v', secret: { secretName: 's', items: [{ key: 'k', path: 'p' }] } }] }],
  ])('may name a secret: %s', (_what, spec) => {
    expect(() => renderCall(pod(spec))).not.toThrow()
  })

  test.each<[string, { [member: string]: JsonValue }]>([
    ['its text', { secret: 'hunter2' }],
    ['its text beside its name', { secretKeyRef: { name: 's', value: 'hunter2' } }],
    ['a list of texts', { imagePullSecrets: ['hunter2'] }],
    ['a password', { password: 'hunter2' }],
    ['a URL with one', { args: ['postgres://u:hunter2@h/d'] }],
  ])('may not hold one: %s', (_what, spec) => {
    expect(() => renderCall(pod(spec))).toThrow(SecretInCallError)
  })
})

describe('a digest', () => {
  // Approvals and journals of existing stores hold these; a fence is sent long after its run, under the approval of then.
  test.each<[Call, string]>([
    [awsCalls.FailoverDBCluster, '6d9130764b452df2f97655b3857bdd5aafaa951e59043a733a39ee2762810689'],
    [awsCalls.PromoteReadReplica, '3a24c2f4619690824914bfe410fb52aba5b01021264f4d1b96027b9ba35d259c'],
    [awsCalls.RebootDBInstance, '5801588213a47c82d67bf3258cef9ee325a1b62c0fd4f8994b7c2ccda2e6f629'],
    [awsCalls.ModifyDBInstance, 'dd4e13a7711260f033f62a3558db3fbe8811f8006ca9489be251180e4ed47dfd'],
    [sqlCall, '75bc26cdfecf1568fc46431ef676ac84ac3d6fb653d4d577066bdf695ef5c1ae'],
  ])('of a call that is stored already stays as it is', (call, digest) => {
    expect(digestOf(call)).toBe(digest)
  })

  test('is another for each operation, and for what a PAUSE may turn into', () => {
    const pause = poolerCommands.PAUSE
    const calls = [
      ...Object.values(awsCalls),
      ...Object.values(poolerCommands).map((command) => poolerCall(command)),
      poolerCall({ ...pause, limitMs: pause.limitMs + 1 }),
      kubernetesCall,
      scaleCall,
      { ...scaleCall, replicas: 0 },
      applyCall,
      { ...applyCall, context: 'other' },
      sqlCall,
    ]
    expect(new Set(calls.map(digestOf)).size).toBe(calls.length)
  })

  test('does not depend on the order of members', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (object) => {
        const turned = Object.fromEntries(Object.entries(object).reverse())
        expect(digestOf(turned)).toBe(digestOf(object))
      }),
    )
  })

  test('differs when any value differs', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        fc.pre(JSON.stringify(JSON.parse(canonicalJson(a))) !== JSON.stringify(JSON.parse(canonicalJson(b))))
        expect(digestOf(a)).not.toBe(digestOf(b))
      }),
    )
  })

  test('refuses what it could not cover', () => {
    expect(() => digestOf({ n: Number.NaN })).toThrow(TypeError)
    expect(() => digestOf({ f: () => 1 })).toThrow(TypeError)
  })
})
