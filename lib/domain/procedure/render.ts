import { handCompare, passStatements } from '../reconcile/by-hand'
import { formatMerge, mergedTables } from '../reconcile/merge'
import { copyWorkStatements, restLoadedStatements } from '../restore/copy-work'
import { partialName } from '../restore/loaded'
import { quotedName } from '../text'
import { durationWords, plural } from '../units'
import type { ApplyCall } from './apply-call'
import {
  type AwsCall,
  type AwsQuestion,
  assertNoSecret,
  type Backend,
  type BackupObject,
  type Call,
  type KubernetesCall,
  type LoadCall,
  type PoolerAddress,
  type PoolerCall,
  type PoolerCommand,
  type RowsCall,
  type ScaleCall,
  type SqlCall,
} from './call'
import type { NamesCall } from './names-call'

/** One word for a POSIX shell: bare when it needs no quotes, in single quotes otherwise. */
export function shellQuote(word: string): string {
  if (word !== '' && /^[A-Za-z0-9_@%+=:,./-]+$/.test(word)) return word
  return `'${word.replaceAll("'", `'"'"'`)}'`
}

/**
 * botocore's rule for command and option names: "RestoreDBClusterToPointInTime" -> "restore-db-cluster-to-point-in-time",
 * "EnableIAMDatabaseAuthentication" -> "enable-iam-database-authentication".
 */
export function kebab(member: string): string {
  return member
    .replace(/(.)([A-Z][a-z]+)/g, '$1-$2')
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()
}

/** A member of a call as the command line takes it; one that is not given is left out. */
type Member = string | number | boolean | null | undefined | Member[] | { [name: string]: Member }

function awsWord(value: Member): string {
  if (Array.isArray(value)) {
    if (value.every((item) => typeof item !== 'object' || item === null))
      return value.map((item) => shellQuote(String(item))).join(' ')
    return value.map((item) => (isTag(item) ? shellQuote(`Key=${item.Key},Value=${item.Value}`) : json(item))).join(' ')
  }
  return typeof value === 'object' && value !== null ? json(value) : shellQuote(String(value))
}
const json = (value: Member) => shellQuote(JSON.stringify(value))
const isTag = (value: Member): value is { Key: string; Value: string } =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.keys(value).sort().join() === 'Key,Value' &&
  /^[\w.:/=+@-]*$/.test(String(value.Value))

function aws(call: AwsCall | AwsQuestion | NamesCall): string {
  const members = Object.entries<Member>({ ...call.input })
  const options = members.flatMap(([member, value]) => {
    if (value === undefined) return []
    const name = `--${kebab(member)}`
    if (value === true) return name
    if (value === false) return `--no-${kebab(member)}`
    return `${name} ${awsWord(value)}`
  })
  return [`aws ${call.service} ${kebab(call.operation)}`, ...options, `--region ${shellQuote(call.region)}`].join(
    ' \\\n  ',
  )
}

/**
 * The patch as Kubernetes gets it: containers and their variables merge by name. Without a variable it leaves the template
 * out, because a change of that restarts the pods.
 */
export function deploymentPatch({ annotations, containers }: KubernetesCall['patch']) {
  const listOf = (init: boolean) =>
    containers
      .filter((container) => container.init === init && Object.keys(container.env).length > 0)
      .map(({ name, env }) => ({ name, env: Object.entries(env).map(([name, value]) => ({ name, value })) }))
  const [plain, init] = [listOf(false), listOf(true)]
  const spec = { ...(plain.length > 0 && { containers: plain }), ...(init.length > 0 && { initContainers: init }) }
  return { metadata: { annotations }, ...(Object.keys(spec).length > 0 && { spec: { template: { spec } } }) }
}

function kubernetes(call: KubernetesCall): string {
  return [
    `kubectl --context ${shellQuote(call.context)} --namespace ${shellQuote(call.namespace)}`,
    `patch deployment ${shellQuote(call.deployment)} --type strategic`,
    `--patch ${shellQuote(JSON.stringify(deploymentPatch(call.patch)))}`,
  ].join(' \\\n  ')
}

const scale = (call: ScaleCall): string =>
  [
    `kubectl --context ${shellQuote(call.context)} --namespace ${shellQuote(call.namespace)}`,
    `scale deployment ${shellQuote(call.deployment)} --replicas ${shellQuote(call.replicas === null ? '<stored number>' : String(call.replicas))}`,
  ].join(' \\\n  ')

/** What people see is what is sent: each object as one JSON document, which is YAML. */
function apply({ context, namespace, fieldManager, objects }: ApplyCall): string {
  const body = objects.map((object) => JSON.stringify(object)).join('\n---\n')
  return `kubectl --context ${shellQuote(context)} --namespace ${shellQuote(namespace)} \\\n  apply --server-side --force-conflicts --field-manager ${shellQuote(fieldManager)} -f - <<'MANIFESTS'\n${body}\nMANIFESTS`
}

const psql = (call: { host: string; port: number; user: string }, database: string) =>
  `psql -X -v ON_ERROR_STOP=1 -h ${shellQuote(call.host)} -p ${call.port} -U ${shellQuote(call.user)} -d ${shellQuote(database)}`

function pooler(call: PoolerCall): string {
  return everyOne(call.poolers.map((one) => commandsTo(one, call.commands)))
}

/** All of them, whatever becomes of one; fails when one has failed. */
const everyOne = (commands: string[]): string =>
  commands.length === 1
    ? commands.join('')
    : ['failed=0', ...commands.map((command) => `${command} \\\n  || failed=1`), '[ $failed -eq 0 ]'].join('\n')

function commandsTo(pooler: PoolerAddress, commands: PoolerCommand[]): string {
  const run = (command: PoolerCommand['command']) =>
    `${psql(pooler, 'pgbouncer')} \\\n  -c ${shellQuote(`${command} ${pooler.database}`)}`
  return commands
    .map((one) =>
      one.command === 'PAUSE'
        ? // 124: the time was up; any other failure kills nobody. In the foreground psql can still ask for a password.
          `timeout --foreground ${one.limitMs / 1000} ${run(one.command)} \\\n  || { [ $? -eq 124 ] && ${run(one.atLimit)}; }`
        : run(one.command),
    )
    .join(' \\\n  && ')
}

function sql(call: Omit<SqlCall, 'kind'>): string {
  const body = call.statements.map((statement) => `${statement.trim().replace(/;$/, '')};`)
  let mark = 'SQL'
  while (body.some((line) => line.split('\n').includes(mark))) mark += '_'
  return `${psql(call, call.database)} <<'${mark}'\n${body.join('\n')}\n${mark}`
}

function rows({ user, batch, target, work }: RowsCall): string {
  const at = { ...target, user }
  if (work.action === 'compare') {
    const source = psql({ ...work.source, user }, work.source.database)
    return work.tables
      .map((table, place) => {
        const { read, receive } = handCompare(table, batch, place)
        return `${source} \\\n  -c ${shellQuote(read)} \\\n  | ${psql(at, target.database)} ${receive.map((one) => `\\\n  -c ${shellQuote(one)}`).join(' ')}`
      })
      .join('\n')
  }
  if (!('passes' in work)) return sql({ ...at, statements: ['BEGIN', ...copyWorkStatements(work), 'COMMIT'] })
  return work.passes
    .map((pass) => sql({ ...at, statements: ['BEGIN', ...passStatements(pass, batch, work.action), 'COMMIT'] }))
    .join('\n')
}

const opened = ({ key }: BackupObject): string =>
  [
    ...(/\.(gpg|pgp)(\.gz)?$/i.test(key) ? ['gpg --decrypt --batch'] : []),
    ...(/\.gz(\.(gpg|pgp))?$/i.test(key) ? ['gunzip'] : []),
  ]
    .map((command) => ` \\\n  | ${command}`)
    .join('')

/** One stream from the object to the server; nothing is written to a disk on the way. */
function piped(object: BackupObject, into: string): string {
  const { bucket, key, versionId, region } = object
  const version = versionId === null ? '' : ` --version-id ${shellQuote(versionId)}`
  const read = `aws s3api get-object --bucket ${shellQuote(bucket)} --key ${shellQuote(key)}${version} --region ${shellQuote(region)} /dev/stdout`
  return `${read}${opened(object)} \\\n  | ${into}`
}

function load({ backup, roles, target, rest }: LoadCall): string {
  const partial = partialName(target.database, 'by_hand')
  const onServer = psql(target, 'postgres')
  return [
    `# SHA-256 of the object: ${backup.sha256 ?? 'not recorded'}`,
    ...(roles ? [piped(roles, onServer.replace('ON_ERROR_STOP=1', 'ON_ERROR_STOP=0'))] : []),
    `${onServer} -c ${shellQuote(`CREATE DATABASE ${quotedName(partial)}`)}`,
    piped(backup, psql(target, partial)),
    // By one session, as one transaction: jobs are not at work for a moment.
    `${psql(target, partial)} -1 <<'SQL'\n${restLoadedStatements(rest).join(';\n')};\nSQL`,
    `${psql(target, partial)} -c ANALYZE`,
    `${onServer} -c ${shellQuote(`ALTER DATABASE ${quotedName(partial)} RENAME TO ${quotedName(target.database)}`)}`,
  ].join('\n')
}

/** The command that does the same as the call, ready to paste into a shell. Throws SecretInCallError. */
export function renderCall(call: Call | AwsQuestion): string {
  assertNoSecret(call)
  switch (call.kind) {
    case 'aws':
    case 'names':
      return aws(call)
    case 'kubernetes':
      return kubernetes(call)
    case 'scale':
      return scale(call)
    case 'apply':
      return apply(call)
    case 'pooler':
      return pooler(call)
    case 'sql':
      return sql(call)
    case 'rows':
      return rows(call)
    case 'load':
      return load(call)
    case 'sessions':
      return everyOne(
        call.nodes.map(
          (node) =>
            `${psql({ ...node, user: call.user }, call.database)} \\\n  -c ${shellQuote(endSessionsStatement(node.backends))}`,
        ),
      )
  }
}

/** Ends these sessions and no other. The list comes from the server itself: numbers and times, no text of an application. */
export function endSessionsStatement(backends: Backend[]): string {
  const listed = backends.map(({ pid, startedAt }) => {
    if (!Number.isSafeInteger(pid) || Number.isNaN(Date.parse(startedAt)) || /[^\d TZ:.+-]/.test(startedAt))
      throw new Error('That is not a session of a server.')
    return `(${pid}, '${startedAt}'::timestamptz)`
  })
  return `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE (pid, backend_start) IN (${listed.join(', ')})`
}

const formatPoolerCommand = (one: PoolerCommand) =>
  one.command === 'PAUSE' ? `${one.command} (${one.atLimit} after ${durationWords(one.limitMs)})` : one.command

function rowsName({ work, target }: RowsCall): string {
  switch (work.action) {
    case 'compare':
      return `comparison of ${work.tables.length} tables on ${target.host}`
    case 'merge':
      return `merge on ${target.host}: ${formatMerge(mergedTables(work.passes))}`
    case 'rest':
      return `jobs and outbox put to rest on ${target.host}`
    case 'wake':
      return `jobs and outbox started again on ${target.host}`
    case 'analyze':
      return `ANALYZE on ${target.host}`
    case 'undo':
      return `rollback of a merge on ${target.host}: ${mergedTables(work.passes).length} tables`
  }
}

/** What a call does in a few words, for logs and records. */
export function callName(call: Call): string {
  switch (call.kind) {
    case 'aws':
    case 'names':
      return `${call.service} ${call.operation}`
    case 'kubernetes':
      return `patch deployment ${call.namespace}/${call.deployment}`
    case 'scale':
      return `scale deployment ${call.namespace}/${call.deployment} to ${call.replicas ?? 'its stored size'}`
    case 'apply':
      return `apply ${call.objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`).join(', ')} in ${call.context}`
    case 'pooler':
      return `pooler ${call.poolers.map(({ name, database }) => `${name}/${database}`).join(', ')}: ${call.commands.map(formatPoolerCommand).join(', ')}`
    case 'sql':
      return `${call.statements.length === 1 ? 'statement' : 'statements'} on ${call.host}`
    case 'rows':
      return rowsName(call)
    case 'load':
      return `load ${call.backup.key} into ${call.target.instance}`
    case 'sessions': {
      const count = call.nodes.reduce((sum, { backends }) => sum + backends.length, 0)
      return `end ${count} ${plural(count, 'session')} on ${call.nodes.map(({ id }) => id).join(', ')}`
    }
  }
}
