import type { NeededRight } from '../../domain/cluster/aws-rights'
import { checkIdOf, wayWords } from '../../domain/names/move'
import type { Check } from '../../domain/procedure/types'
import { PortError } from '../../ports/port-error'
import type { MovableName, World } from '../contract'
import { check, pass, warn } from '../preflight'
import type { MoveInputs } from './move-names'
import { leadsAstray, lookAtName } from './names-look'

type Database = { host: string } | null

/** How each name would be moved now, and why not more robustly. No name keeps a database from being recovered. */
export async function nameChecks(
  world: World,
  inputs: MoveInputs,
  database: () => Promise<Database>,
): Promise<Check[]> {
  const { names, aws } = world.environment
  const records = names?.records ?? []
  if (records.length === 0 || !world.names)
    return [
      await check('DNS', 'Names', () =>
        warn(`No DNS names are configured. Point them to ${aws.drRegion} manually after the promotion.`),
      ),
    ]
  return await Promise.all(
    records.map((record) =>
      check(`DNS ${record.name}`, record.name, async () => await nameCheck(world, record, inputs, await database())),
    ),
  )
}

/** What moving the names sends, there or home. No name keeps a database from being recovered, so none of it blocks. */
export async function nameRights(world: World, to: 'recovery' | 'home'): Promise<NeededRight[]> {
  const { names } = world.environment
  const found = (names?.records ?? []).map(async (record): Promise<NeededRight[]> => {
    const { name, use, zoneId } = record
    const place = use === 'database' ? names?.switchObject : null
    const of = (operation: string, rest: `${'route53' | 's3'}:::${string}`): NeededRight => ({
      ...{ operation, resource: { kind: 'global', rest } },
      without: `${name} would have to be moved another way, or manually.`,
    })
    const id = await checkOf(world, record)
    return [
      ...(place ? [of(to === 'home' ? 's3:DeleteObject' : 's3:PutObject', `s3:::${place.bucket}/${place.key}`)] : []),
      ...(to === 'home' && use === 'api'
        ? []
        : [of('route53:ChangeResourceRecordSets', `route53:::hostedzone/${zoneId}`)]),
      ...(id === null ? [] : [of('route53:UpdateHealthCheck', `route53:::healthcheck/${id}`)]),
    ]
  })
  return (await Promise.all(found)).flat()
}

/** The health check of a name; null where it has none, or nobody can tell now, which the name's own check says. */
async function checkOf(world: World, { name, zoneId }: MovableName): Promise<string | null> {
  try {
    const records = (await world.names?.records(zoneId, name)) ?? []
    const found = checkIdOf(
      name,
      records.map(({ set }) => set),
    )
    return 'id' in found ? found.id : null
  } catch (error) {
    if (!(error instanceof PortError)) throw error
    return null
  }
}

async function nameCheck(world: World, record: MovableName, { dnsMode }: MoveInputs, database: Database) {
  const { move } = await lookAtName(world, record, { dnsMode, database })
  const { way, closed } = move
  const whys = closed.map(({ why }) => why)
  if (way === null) return warn(`It cannot be moved by a run. ${[...new Set(whys)].join(' ')}`)
  const astray = await leadsAstray(world, record.name, move)
  if (astray) return warn(astray)
  const better = [...new Set(whys)].join(' ')
  const says = `It is moved by ${wayWords[way]}.`
  const isChosen = dnsMode === 'auto' || dnsMode === way
  if (!isChosen) return warn(`${says} ${better}`)
  return move.unread !== null ? warn(`${says} ${better}`) : pass(better === '' ? says : `${says} ${better}`)
}
