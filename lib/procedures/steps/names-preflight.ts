import { wayWords } from '../../domain/names/move'
import type { Check } from '../../domain/procedure/types'
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
