import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { assertNoSecret, type Call, SecretInCallError } from './call'
import { canonicalJson, digestOf } from './canonical'
import { kebab, renderCall, shellQuote } from './render'

const failover: Call = {
  kind: 'aws',
  service: 'rds',
  operation: 'FailoverDBCluster',
  region: 'us-west-2',
  input: { DBClusterIdentifier: 'castmatch-prod-cluster', TargetDBInstanceIdentifier: 'castmatch-prod-replica-2' },
}

/** Reads one word back as a POSIX shell does: bare text, '...' and "..." without expansions. */
function unquote(word: string): string {
  return word.replace(/'([^']*)'|"([^"]*)"/g, (_, single?: string, double?: string) => single ?? double ?? '')
}

describe('a call shown as a command', () => {
  test('is the very call, option by option, with its region', () => {
    expect(renderCall(failover)).toBe(
      'aws rds failover-db-cluster \\\n  --db-cluster-identifier castmatch-prod-cluster \\\n  --target-db-instance-identifier castmatch-prod-replica-2 \\\n  --region us-west-2',
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
    const call: Call = { ...failover, operation: 'ModifyDBInstance', input: { ApplyImmediately: true, MultiAZ: false } }
    expect(renderCall(call)).toContain('--apply-immediately \\\n  --no-multi-az')
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
    const call: Call = {
      kind: 'sql',
      host: 'db',
      port: 5432,
      user: 'admin',
      database: 'app',
      statements: ['SELECT 1\nSQL\nrm -rf /'],
    }
    expect(renderCall(call)).toContain("<<'SQL_'")
  })
})

describe('a secret', () => {
  test.each([
    [{ ...failover, input: { MasterUserPassword: 'x' } }],
    [{ ...failover, input: { Nested: [{ SecretAccessKey: 'x' }] } }],
    [{ ...failover, input: { Url: 'postgresql://admin:hunter2@db/app' } }],
    [{ kind: 'sql', host: 'h', port: 1, user: 'u', database: 'd', statements: ["ALTER ROLE app PASSWORD 'hunter2'"] }],
  ] as [Call][])('cannot be part of a call', (call) => {
    expect(() => renderCall(call)).toThrow(SecretInCallError)
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
    const sql = { kind: 'sql', host: 'h', port: 1, user: 'u', database: 'd' } as const
    const kubernetes = { kind: 'kubernetes', context: 'c', namespace: 'n', deployment: 'd' } as const
    const container = { name: 'c', init: true }
    const planted = word.chain((secret) =>
      fc.record({ named: name, said: text(secret), noise: fc.string(), before: fc.nat(3) }).map((p) => ({
        secret,
        calls: [
          { ...failover, input: { [p.named]: secret } },
          { ...failover, input: { Nested: [{ Deeper: { [p.named]: secret } }] } },
          { ...failover, input: { Url: `${p.noise}\n${p.said}` } },
          { ...sql, statements: [...Array<string>(p.before).fill('SELECT 1'), `${p.noise};\n${p.said}`] },
          { ...kubernetes, patch: { containers: [{ ...container, env: { [p.named]: secret } }], annotations: {} } },
          { ...kubernetes, patch: { containers: [{ ...container, env: { HOST: p.said } }], annotations: {} } },
          { ...kubernetes, patch: { containers: [], annotations: { note: p.said } } },
        ] as Call[],
      })),
    )
    fc.assert(
      fc.property(planted, ({ secret, calls }) => {
        for (const call of calls) {
          const shown: string[] = []
          try {
            // In the order in which a runner makes them: what cannot be shown is never written down.
            shown.push(renderCall(call), canonicalJson(call))
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
    expect(() => renderCall({ ...failover, input: { ManageMasterUserPassword: true } })).not.toThrow()
  })
})

describe('a digest', () => {
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
