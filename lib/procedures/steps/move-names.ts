import type { MovedName } from '../../domain/names/agreement'
import { type MoveWay, wayWords } from '../../domain/names/move'
import { namesSeen, returnOwed } from '../../domain/names/moved'
import { isForced } from '../../domain/names/return'
import type { NamesCall } from '../../domain/procedure/names-call'
import { PortError } from '../../ports/port-error'
import type { Ask, MovableName, Observation, Step, StepContext, Surroundings, Undo, Verdict, World } from '../contract'
import { duty, type FenceFacts, needed, type Obligation, type ObligationFacts, type WriterFacts } from '../facts'
import { lookAtOldWriter } from './fence'
import { deleteSwitchCall, moveId, moveOf, recordsOf, switchName, updateCall, upsertCall } from './names-calls'
import type { NameMove, NamesFacts } from './names-facts'
import { isMade, leadsAstray, lookAtName, type MoveLook, namesOf } from './names-look'
import { proveMoved, seeNames } from './names-proof'

/** What a person chooses of how names are moved. */
export interface MoveInputs {
  dnsMode: 'auto' | MoveWay
}
type Moved = WriterFacts & FenceFacts & ObligationFacts & NamesFacts
type Ctx = StepContext<MoveInputs, Moved>

const placeOf = ({ aws }: Surroundings) => ({ home: aws.region, to: aws.drRegion })

/** The change of one name as a value; null when nothing is to be sent. */
export function changeOf(ctx: Pick<Ctx, 'runId'>, move: NameMove): NamesCall | null {
  switch (move.way) {
    case 'switch-object': {
      const { bucket, key, region } = needed(move.switchObject, 'the switch object')
      const at = { kind: 'names', service: 's3api', region } as const
      return { ...at, operation: 'PutObject', input: { Bucket: bucket, Key: key, Metadata: { 'dr-run': ctx.runId } } }
    }
    // Disabled, a check counts as healthy; inverted then, as unhealthy. Inverted alone it would follow its endpoint the other way round.
    case 'forced':
      return updateCall(move, { Disabled: true, Inverted: true })
    case 'rrset':
      return upsertCall(ctx, move, move.changes)
    case 'observed':
    case null:
      return null
  }
}

/** What takes the change back. */
function inverseOf(ctx: Pick<Ctx, 'runId'>, move: NameMove): NamesCall | null {
  switch (move.way) {
    case 'switch-object':
      return deleteSwitchCall(move)
    case 'forced': {
      const { disabled, inverted } = needed(move.check, 'the health check')
      return updateCall(move, { Disabled: disabled, Inverted: inverted })
    }
    case 'rrset': {
      const written = (set: NameMove['records'][number]) =>
        move.changes.some((one) => one.Type === set.Type && one.SetIdentifier === set.SetIdentifier)
      return upsertCall(ctx, move, move.records.filter(written))
    }
    case 'observed':
    case null:
      return null
  }
}

const sentenceOf = (name: string, { way, closed }: NameMove): string =>
  way === null
    ? `${name} cannot be moved by this run. ${closed.map(({ why }) => why).join(' ')}`
    : `${name}: by ${wayWords[way]}.`

const wantedOf = ({ inputs, facts }: Ctx) => ({ dnsMode: inputs.dnsMode, database: facts.endpoint ?? null })

/** What the way of each name is, and what it was before, is known before anybody is asked. */
export const lookAtNames: Step<MoveInputs, Moved> = {
  id: 'look-at-names',
  title: 'Find out how each name is moved',
  effect: 'READ',
  estimate: { lowSeconds: 1, highSeconds: 60 },
  why: 'The control plane of Route 53 may be away with the region. What needs only the data plane comes first.',
  provedBy: 'Records, health checks and the switch object are read, or why not is stored. Each name has its way.',
  undoneBy: null,
  everyMs: 5_000,
  forMs: 120_000,
  serves: ['dns'],
  async verify(world, ctx): Promise<Verdict<Moved>> {
    const found = await Promise.all(
      recordsOf(world.environment).map(async (record) => ({
        name: record.name,
        move: (await lookAtName(world, record, wantedOf(ctx))).move,
      })),
    )
    return {
      state: 'proved',
      says: found.map(({ name, move }) => sentenceOf(name, move)).join(' '),
      facts: { moves: Object.fromEntries(found.map(({ name, move }) => [name, move])) },
    }
  },
}

/** What the second person is asked: all names at once, each with its way and from where to where. */
export function askToMove(ctx: Ctx, environment: Surroundings): Ask {
  const { home, to } = placeOf(environment)
  const records = recordsOf(environment)
  const names = records.map((record) => {
    const move = moveOf(ctx, record)
    return {
      label: record.name,
      value: move === null ? 'Not read yet' : move.way === null ? 'Not moved by this run' : `By ${wayWords[move.way]}`,
    }
  })
  const target = ctx.facts.target?.id ?? ''
  const endpoint = ctx.facts.endpoint
  return {
    title: `Move ${records.length === 1 ? 'a name' : `${records.length} names`} from ${home} to ${to}`,
    typeToConfirm: environment.aws.clusterId,
    facts: [
      { label: 'Environment', value: environment.name },
      { label: 'From', value: home },
      { label: 'To', value: to },
      { label: 'Promoted database', value: endpoint ? `${endpoint.host}:${endpoint.port}` : 'Unknown' },
      { label: 'Old writer', value: fenceWords(ctx.facts) },
      ...names,
    ],
    loss: null,
    covers: records.map(moveId),
    bound: { target, endpoint: endpoint ? `${endpoint.host}:${endpoint.port}` : null },
  }
}

function fenceWords({ writerBefore, fence }: Moved): string {
  const id = writerBefore?.id ?? 'Unknown'
  return fence === undefined ? `${id}, not fenced` : fence === 'pending' ? `${id}, fence pending` : `${id}, ${fence}`
}

/** A look that keeps what was stored as evidence as soon as something may have been sent. */
async function observe(world: World, ctx: Ctx, record: MovableName): Promise<Observation<Moved>> {
  const { name } = record
  const before = moveOf(ctx, record)
  const look = await lookAtName(world, record, wantedOf(ctx))
  const learn = (move: NameMove): Moved => ({ moves: { ...ctx.facts.moves, [name]: move } })
  const made = before && isMade(before, look)
  if (before && made) return { state: 'done', says: madeWords(name, before, look), facts: learn(kept(before, look)) }
  const last = ctx.sent?.[moveId(record)]
  // What was sent may have been done: another way is chosen only when that is known.
  if (before && made === null && last && last.outcome !== 'rejected')
    throw new PortError('unreachable', `Whether ${name} was changed is unknown: ${look.move.unread ?? 'no answer'}`, {
      outcome: 'rejected',
      probe: 'other',
    })
  const same = before !== null && before.way !== null && !look.move.closed.some(({ way }) => way === before.way)
  const move =
    same && before.way === look.move.way ? look.move : same ? await again(world, ctx, record, before) : look.move
  return move.way === null
    ? { state: 'conflict', says: sentenceOf(name, move), facts: learn(move) }
    : { state: 'not-started', says: sentenceOf(name, move), facts: learn(move) }
}

/** The way that was found, and approved, stays while it is open: a better one that has opened meanwhile is no reason to ask again. */
const again = async (world: World, ctx: Ctx, record: MovableName, { way }: NameMove): Promise<NameMove> =>
  (await lookAtName(world, record, { ...wantedOf(ctx), dnsMode: way ?? 'auto' })).move

/** The evidence stays; of a health check, the version that it has now. */
const kept = (before: NameMove, { move }: MoveLook): NameMove => ({
  ...before,
  version: move.version ?? before.version,
  leads: before.leads.to === null ? move.leads : before.leads,
})

function madeWords(name: string, { way, switchObject }: NameMove, { answers }: MoveLook): string {
  const served = `${answers.filter(({ answer }) => answer !== null).length} of ${answers.length} resolvers respond`
  switch (way) {
    case 'switch-object':
      return `${switchObject ? switchName(switchObject) : 'The switch object'} is there; ${served}.`
    case 'forced':
      return `The health check of ${name} is disabled and inverted; ${served}.`
    case 'rrset':
      return `The records of ${name} are written; ${served}.`
    case 'observed':
    case null:
      return `Nothing is to be changed for ${name}; ${served}.`
  }
}

async function verify(world: World, ctx: Ctx, record: MovableName): Promise<Verdict<Moved>> {
  const { to } = placeOf(world.environment)
  return await proveMoved(world, ctx, record, to, async (move) =>
    move.way === 'forced' ? await versionNow(world, move) : move.version,
  )
}

/** The change was one version; taking it back names the one that is there now. */
async function versionNow(world: World, { check, version }: NameMove): Promise<number | null> {
  try {
    const now = check && (await namesOf(world).healthCheck(check.id))
    return now && isForced(now) ? now.version : version
  } catch (error) {
    if (!(error instanceof PortError)) throw error
    return version
  }
}

/** A name is led home only to a writer that cannot be a second one. */
async function refusesReturn(world: World, ctx: Ctx, record: MovableName): Promise<string | null> {
  const { name } = record
  const move = moveOf(ctx, record)
  if (!move || inverseOf(ctx, move) === null) return `This run changed nothing of ${name}.`
  const state = await lookAtOldWriter(world, ctx)
  if (state.kind === 'pending' || state.kind === 'open')
    return `${name} keeps pointing to ${placeOf(world.environment).to}: the fence of the old writer is pending. ${state.says}`
  if (move.way === 'forced') {
    const now = await namesOf(world).healthCheck(needed(move.check, 'the health check').id)
    if (now.version !== move.version)
      return `The health check of ${name} has version ${now.version} now, not ${move.version ?? 'a known one'}: someone else changed it. Restore it manually.`
  }
  if (move.way === 'rrset') {
    const now = (await namesOf(world).records(move.zoneId, name)).map(({ set }) => set)
    if (isMade(move, { move, check: null, isSet: null, records: { known: true, value: now }, answers: [] }) === false)
      return `The records of ${name} are no longer as this run wrote them: someone else changed them. Restore them manually.`
  }
  return null
}

const undoOf = (record: MovableName): Undo<MoveInputs, Moved> => ({
  effect: 'DANGEROUS',
  call: (ctx) => {
    const move = needed(moveOf(ctx, record), `how ${record.name} was moved`)
    return needed(inverseOf(ctx, move), `a change of ${record.name}`)
  },
  guard: (world, ctx) => refusesReturn(world, ctx, record),
  async verify(world, ctx): Promise<Verdict<Moved>> {
    const { name } = record
    const move = needed(moveOf(ctx, record), `how ${name} was moved`)
    const look = await lookAtName(world, record, wantedOf(ctx))
    const changed = isMade(move, look)
    if (changed !== false)
      return {
        state: 'not-yet',
        says: changed ? `${name} is still as this run changed it.` : `Route 53 cannot be read.`,
      }
    const obligations = namesSeen(ctx.facts.obligations ?? [], name, [])
    return {
      state: 'proved',
      says: `The change of ${name} is rolled back. Resolvers follow within ${move.ttlSeconds ?? 60} s.`,
      facts: { moves: { ...ctx.facts.moves, [name]: { ...move, movedAt: null } }, obligations },
    }
  },
})

/** One name from the home region to the other; one step for each. */
export const moveName = (record: MovableName): Step<MoveInputs, Moved> => ({
  id: moveId(record),
  title: `Move ${record.name} to the recovery region`,
  effect: 'DANGEROUS',
  estimate: { lowSeconds: 30, highSeconds: 600 },
  why: 'Clients go where the name leads. It is moved after the promotion, and to the promoted database only.',
  provedBy: 'The name servers of its zone answer with the recovery region.',
  undoneBy: 'The former setting, once the old writer is fenced',
  everyMs: 2_000,
  forMs: 20 * 60_000,
  settleMs: 20_000,
  serves: ['dns', 'connectivity'],
  ask: askToMove,
  call: (ctx) => {
    const move = moveOf(ctx, record)
    return move && changeOf(ctx, move)
  },
  observe: (world, ctx) => observe(world, ctx, record),
  async guard(world, ctx) {
    const move = needed(moveOf(ctx, record), `how ${record.name} is moved`)
    return await leadsAstray(world, record.name, move)
  },
  verify: (world, ctx) => verify(world, ctx, record),
  undo: undoOf(record),
})

/** All names of an environment; no steps where none are configured. */
export function moveNames(environment: Surroundings): Step<MoveInputs, Moved>[] {
  const { home, to } = placeOf(environment)
  const returns = (name: string, { way }: NameMove) => (way === 'observed' ? [returnOwed(name, home, to)] : [])
  return recordsOf(environment).length > 0
    ? [lookAtNames, ...recordsOf(environment).map(moveName), ...seeNames<MoveInputs>(environment, to, returns)]
    : []
}

/** Names that this run did not move, each with why: none are configured, or a step was left out. */
export function namesOwed(environment: Surroundings, facts: Moved): Obligation[] {
  const { home, to } = placeOf(environment)
  const records = recordsOf(environment)
  if (records.length === 0)
    return [duty('names', `Point names to ${to}`, `None are configured. They may still lead to ${home}.`)]
  const left = records.filter(({ name }) => facts.moves?.[name]?.movedAt == null).map(({ name }) => name)
  return left.length > 0 ? [duty('names', `Point ${left.join(', ')} to ${to}`, `They still lead to ${home}.`)] : []
}

/** Names that a run has moved, and where they must point since; null while it has moved none. */
export function movedNames({ moves = {} }: NamesFacts, to: string | null): MovedName[] | null {
  const moved = Object.entries(moves).flatMap(([name, { leads, movedAt }]) =>
    movedAt === null ? [] : [{ name, to: to ?? 'the recovery region', leads }],
  )
  return moved.length > 0 ? moved : null
}

/** How the names would be moved if nothing is known of them yet. */
export const imaginedMoves = ({ names }: Surroundings): NamesFacts => ({
  moves: Object.fromEntries(
    (names?.records ?? []).map(({ name, use, zoneId }): [string, NameMove] => {
      const switchObject = use === 'database' ? (names?.switchObject ?? null) : null
      return [
        name,
        {
          use,
          zoneId,
          way: switchObject ? 'switch-object' : 'forced',
          closed: [],
          records: [],
          unread: null,
          changes: [],
          check: { id: '<health check>', disabled: false, inverted: false },
          version: 1,
          switchObject,
          leads: { from: null, to: null },
          ttlSeconds: null,
          movedAt: null,
        },
      ]
    }),
  ),
})
