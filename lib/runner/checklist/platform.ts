import { backupTroubles } from '../../domain/backups/summary'
import { nodeWords } from '../../domain/cluster/node-key'
import { type MovedName, movedVerdict, namesElsewhere, nameVerdict } from '../../domain/names/agreement'
import { durationWords, plural } from '../../domain/units'
import type { DatabaseProbe } from '../../ports/database'
import {
  addressed,
  found,
  judged,
  limits,
  type Probe,
  type ProbeContext,
  type ProbeResult,
  type Probes,
  standing,
} from './kit'

/** What the collector last read of the buckets: old figures prove nothing, and where no backups in S3 are configured none are due. */
function inS3({ ports, now }: Pick<ProbeContext, 'ports' | 'now'>) {
  const reading = ports.snapshot()?.s3Backups ?? null
  if (reading === null) return { troubles: [], unknown: ['The backups in S3 have not been read yet.'], summary: null }
  const { value, observedAt, error, everyMs } = reading
  if (value === null && observedAt === null && reading.failingSince === null && error !== null)
    return { troubles: [], unknown: [], summary: null }
  if (value === null || observedAt === null)
    return { troubles: [], unknown: [error ?? 'The backups in S3 have not been read yet.'], summary: null }
  if (now() - observedAt > 3 * everyMs)
    return { troubles: [], unknown: ['The catalogue of backups in S3 is too old.'], summary: value }
  return { ...backupTroubles(value, now()), summary: value }
}

/** Item 6: backups are kept, the window that can be restored reaches to now, and the backups in S3 can be used. */
const backups: Probe = async (context) => {
  const { ports, environment, now } = context
  const { backupRetentionDays, latestRestorableAt, earliestRestorableAt, cluster } = await standing(context)
  const ageMs = latestRestorableAt === null ? null : now() - latestRestorableAt
  const troubles = [
    ...(backupRetentionDays < 1 ? ['Backups are not kept.'] : []),
    ...(ageMs === null
      ? ['No restorable time is known.']
      : ageMs >= 600_000
        ? [`The newest restorable time is ${Math.round(ageMs / 60_000)} min old.`]
        : []),
  ]
  const s3 = inS3({ ports, now })
  const { recommended } = s3.summary ?? { recommended: null }
  const alsoWell = recommended
    ? ` The newest usable backup in S3 is ${durationWords(now() - recommended.takenAt)} old, ${recommended.verifiedAt === null ? 'not verified' : 'verified'}.`
    : ''
  const well = `Kept for ${backupRetentionDays} days; the newest restorable time is ${Math.round((ageMs ?? 0) / 1000)} s old.${alsoWell}`
  return judged(
    [...troubles, ...s3.troubles],
    well,
    `${cluster ? 'DescribeDBClusters' : 'DescribeDBInstances'} ${environment.aws.clusterId}`,
    {
      backupRetentionDays,
      earliestRestorableAt,
      latestRestorableAt,
      s3: s3.summary,
    },
    s3.unknown,
  )
}

async function writerInstance(context: ProbeContext) {
  const { instances, writerId: writer, securityGroupIds } = await standing(context)
  return { writer, securityGroupIds, instance: instances.find(({ id }) => id === writer) ?? null }
}

/** Item 8: the groups of the writer before, and never the quarantine group. */
const securityGroups: Probe = async (context, { baseline }) => {
  const { instance, securityGroupIds, writer } = await writerInstance(context)
  const request = 'DescribeDBInstances of the writer'
  if (!instance) return found('unknown', 'The API names no writer.', request, { writer })
  const own = instance.securityGroupIds.length ? instance.securityGroupIds : securityGroupIds
  const quarantine = context.environment.aws.quarantineSecurityGroupId ?? null
  if (own.length === 0) return found('fail', 'The writer has no security group.', request, { writer, own })
  const before = baseline?.cluster
  const source = before?.instances.find(({ id }) => id === before.writerId)?.securityGroupIds ?? []
  const expected = source.length ? source : (before?.securityGroupIds ?? [])
  const missing = expected.filter((id) => !own.includes(id))
  const added = expected.length ? own.filter((id) => !expected.includes(id) && id !== quarantine) : []
  const groups = `${own.length} security ${plural(own.length, 'group')}`
  return judged(
    [
      ...(quarantine && own.includes(quarantine) ? ['The writer is in the quarantine group.'] : []),
      ...(missing.length
        ? [`${missing.join(', ')} of the writer before ${missing.length === 1 ? 'is' : 'are'} missing.`]
        : []),
      ...(added.length ? [`${added.join(', ')} ${added.length === 1 ? 'was' : 'were'} not on the writer before.`] : []),
    ],
    expected.length
      ? `The writer has the ${groups} of the writer before, none of them the quarantine group.`
      : `The writer has ${groups}, none of them the quarantine group.`,
    request,
    { writer, securityGroupIds: own, before: expected, quarantine },
  )
}

const dayMs = 86_400_000
/** Item 9: the certificate lasts. */
const tls: Probe = async (context) => {
  const { instance, writer } = await writerInstance(context)
  const request = 'certificate of the writer, by DescribeDBInstances'
  const till = instance?.certificateValidTill ?? null
  if (till === null)
    return found('unknown', 'The API does not say until when the certificate is valid.', request, { writer })
  const days = Math.floor((till - context.now()) / dayMs)
  return judged(
    days <= 30 ? [`The certificate ends in ${days} days.`] : [],
    `The certificate is valid for ${days} more days.`,
    request,
    { writer, certificateValidTill: new Date(till).toISOString() },
  )
}

/**
 * What the resolvers say of the names that are configured: a look that is too old proves nothing, and where no names are
 * configured nothing is due of them.
 */
function named({ ports, now }: Pick<ProbeContext, 'ports' | 'now'>, moved: readonly MovedName[] = []) {
  const reading = ports.snapshot()?.names ?? null
  const none = { troubles: [], unknown: [], well: '', names: null }
  if (reading === null) return { ...none, unknown: ['The DNS names have not been read yet.'] }
  const { value, observedAt, error, everyMs } = reading
  if (value === null && observedAt === null && reading.failingSince === null && error !== null) return none
  if (value === null || observedAt === null)
    return { ...none, unknown: [error ?? 'The DNS names have not been read yet.'] }
  if (now() - observedAt > Math.max(60_000, 3 * everyMs))
    return { ...none, unknown: ['The last look at the DNS names is too old.'], names: value }
  const verdicts = value.map((one) => {
    const to = moved.find(({ name }) => name === one.name)
    return to ? movedVerdict(one, to, now()) : nameVerdict(one, now())
  })
  const saying = (state: 'pass' | 'fail' | 'unknown') =>
    verdicts.flatMap((verdict) => (verdict.state === state ? verdict.says : []))
  return {
    troubles: saying('fail'),
    unknown: saying('unknown'),
    well: saying('pass')
      .map((says) => ` ${says}`)
      .join(''),
    names: value,
  }
}

/**
 * After a cutover the collector still looks at the database that was left. So the endpoint of the copy is asked here: a heartbeat that
 * is written through it must be at the writer's own address, and the names of the database must lead to it.
 */
async function dnsOfCopy(context: ProbeContext): Promise<ProbeResult> {
  const { ports } = context
  const { endpoint, writerId: writer, instances } = await addressed(context)
  const own = instances.find(({ id }) => id === writer)?.address ?? null
  const request = `heartbeat through ${endpoint.host}, and the same at the address of ${writer ?? 'the writer'}`
  const ask = async <T>(address: { host: string; port: number }, question: (probe: DatabaseProbe) => Promise<T>) => {
    const probe = ports.database.probe('warroom-checklist', address, limits)
    try {
      return await question(probe)
    } finally {
      await probe.close().catch(() => {})
    }
  }
  if (own === null || writer === null) return found('unknown', 'The API names no writer.', request, { writer })
  const written = await ask(endpoint, (probe) => probe.heartbeat())
  const { beat } = await ask(own, (probe) => probe.position())
  const { troubles, unknown, well, names } = named(context)
  const led = await ports.resolve(endpoint.host)
  const seen = { writer, endpoint, written, beat, led, names }
  if (written.seq === null || beat === null)
    return found('unknown', 'Which node responds at the endpoint is unknown: there is no heartbeat.', request, seen)
  const elsewhere = namesElsewhere(names ?? [], endpoint.host, led)
  const wrong = [
    ...(beat.seq < written.seq ? [`A write through the endpoint is not at ${nodeWords(writer)}.`] : []),
    ...elsewhere.map((name) => `${name} does not resolve to ${endpoint.host}.`),
    ...troubles,
  ]
  if (wrong.length === 0 && unknown.length > 0) return found('unknown', unknown.join(' '), request, seen)
  return judged(wrong, `The endpoint answers as the writer, ${nodeWords(writer)}.${well}`, request, seen)
}

/** Names lead to another database than the cluster's: its endpoint is what clients have left. */
function atMovedNames(context: Pick<ProbeContext, 'ports' | 'now'>, moved: readonly MovedName[]) {
  const { troubles, unknown, well, names } = named(context, moved)
  const request = `resolve ${moved.map(({ name }) => name).join(', ')}`
  if (names === null && unknown.length === 0)
    return found('unknown', 'No DNS names are configured any more.', request, { moved })
  return judged(troubles, well.trim(), request, { moved, names }, unknown)
}

/** Item 10: the endpoint must answer as the writer that the API names, and all resolvers must agree on the names. */
const dns: Probe = async (context, { movedNames }) => {
  if (context.cutOver) return await dnsOfCopy(context)
  if (movedNames && movedNames.length > 0) return atMovedNames(context, movedNames)
  const { ports, environment, now } = context
  const { endpoint, writerId: writer } = await standing(context)
  const reading = ports.snapshot()?.network ?? null
  const request = `resolve and ask ${endpoint?.host ?? environment.aws.clusterId}`
  const age = reading?.observedAt == null ? null : now() - reading.observedAt
  const answersAs = reading?.value?.answersAs ?? null
  if (age === null || age > Math.max(60_000, 3 * (reading?.everyMs ?? 0)) || answersAs === null)
    return found('unknown', 'Which node responds at the endpoint is unknown.', request, reading ?? 'no snapshot')
  const { troubles, unknown, well, names } = named({ ports, now })
  const wrong = [
    ...(answersAs !== writer
      ? [`The endpoint answers as ${nodeWords(answersAs)}, but ${writer ?? 'nobody'} is the writer.`]
      : []),
    ...troubles,
  ]
  const seen = { writer, ...reading?.value, names }
  if (wrong.length === 0 && unknown.length > 0) return found('unknown', unknown.join(' '), request, seen)
  return judged(wrong, `The endpoint answers as the writer, ${answersAs}.${well}`, request, seen)
}

export const platformProbes: Probes<'backups' | 'security-groups' | 'tls' | 'dns'> = {
  backups,
  'security-groups': securityGroups,
  tls,
  dns,
}
