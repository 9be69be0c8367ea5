import { isPlain } from '../../domain/cluster/containers'
import { readNodeKey } from '../../domain/cluster/node-key'
import { namesElsewhere } from '../../domain/names/agreement'
import type { Restorable } from '../../domain/restore/restorable'
import { counted } from '../../domain/units'
import { PortError } from '../../ports/port-error'
import type { World } from '../contract'
import { duty, needed, type Obligation } from '../facts'
import { askPosition } from '../looking'
import type { CopyFacts } from './copy-facts'
import { byPooler, settingsOf } from './switch-workloads'

/* What a cutover leaves to people, with the items of the checklist that cannot pass before. */

/** Readers of the copy that do not replicate from it now, each with why. */
export async function lateReaders(world: World, { topology }: CopyFacts, copy: Restorable) {
  const readers = copy.instances.filter(({ isWriter }) => !isWriter)
  const looks = await Promise.all(
    readers.map(async ({ id, address }) => {
      const answer = await askPosition(world, address)
      if (!answer.ok) return [{ id, why: answer.why }]
      // Aurora's readers share the storage of their writer.
      const follows =
        answer.position.standby && (topology === 'aurora' || answer.position.receiver?.status === 'streaming')
      return follows ? [] : [{ id, why: 'it does not stream from the new writer' }]
    }),
  )
  return looks.flat()
}

/** The copy has the readers that its source had, and they follow it. */
export function readerDuties(
  { members }: CopyFacts,
  copy: Restorable,
  late: { id: string; why: string }[],
): Obligation[] {
  const had = Math.max(0, (members ?? []).filter((id) => readNodeKey(id).elsewhere === null).length - 1)
  const has = copy.instances.filter(({ isWriter }) => !isWriter).length
  const missing = had - has
  return [
    ...late.map(({ id, why }) =>
      duty(`reader-${id}`, `Bring ${id} back as a reader`, `At the end of this run ${why}.`, ['replication']),
    ),
    ...(missing > 0
      ? [
          duty(
            'readers',
            `Create ${counted(missing, 'reader')} of ${copy.id}`,
            `The database before had ${counted(had, 'reader')}, and the copy has ${has}. A fault of its writer has nowhere to go.`,
            ['replication'],
          ),
        ]
      : []),
  ]
}

/** Until RDS reports a restorable time of the copy, nothing of it can be restored. */
export const backupDuties = ({ id, attributes, window }: Restorable): Obligation[] =>
  attributes.backupRetentionDays < 1 || window.latestAt === null
    ? [duty('backups', `Check the backups of ${id}`, 'RDS reports no restorable time of it yet.', ['backups'])]
    : []

/** The War Room is told by its configuration what it monitors. */
export const guardDuties = (world: World, { copyId, source }: CopyFacts): Obligation[] =>
  copyId === undefined || world.environment.aws.clusterId === copyId
    ? []
    : [
        duty(
          'guard-copy',
          `Set aws.clusterId to ${copyId} in the environment file`,
          `The War Room still monitors ${source?.id ?? 'the source'}. The checklist of this incident already checks ${copyId}.`,
        ),
      ]

/** Names of the database that still lead to the one that was left, as the resolvers last said. */
export async function nameDuties(world: World, { endpoint, source }: CopyFacts): Promise<Obligation[]> {
  const names = world.snapshot()?.names?.value ?? []
  if (names.length === 0) return []
  const { host } = needed(endpoint, 'the address of the copy')
  const addresses = await world.resolve(host).catch((error: unknown) => {
    if (error instanceof PortError) return []
    throw error
  })
  return namesElsewhere(names, host, addresses).map((name) =>
    duty(`name-${name}`, `Point ${name} to ${host}`, `It still resolves to ${source?.id ?? 'the source'}.`, ['dns']),
  )
}

/** Deployments that connected through a pooler before, and go past it now: each pod has connections of its own. */
export async function pastPoolers(world: World, { workloads }: CopyFacts): Promise<Obligation[]> {
  const { kubernetes } = world.environment
  const duties: Obligation[] = []
  for (const before of workloads ?? []) {
    if (!kubernetes || !world.workloads) break
    const former = before.containers.filter(isPlain).find(({ host }) => byPooler(host, world.environment))
    if (!former) continue
    const now = settingsOf(await world.workloads.read(kubernetes.namespace, before.deployment), world.environment)
    if (now.filter(isPlain).some(({ host }) => byPooler(host, world.environment))) continue
    duties.push(
      duty(
        `past-pooler-${before.deployment}`,
        `Set ${kubernetes.hostVariable} of ${before.deployment} to ${former.host} again`,
        'Its pods connect past the poolers. Do it when the poolers route to the new writer.',
      ),
    )
  }
  return duties
}
