import type { EnvironmentKind } from './environment'
/** An environment as its configuration names it, and as a store was stamped with it. */
export interface EnvironmentStamp {
  name: string
  kind: EnvironmentKind
}

const said = ({ name, kind }: EnvironmentStamp) => `${name} (${kind})`
const isLab = ({ kind }: EnvironmentStamp) => kind === 'lab'

/** Why a store with these stamps cannot belong to this environment too; null when it can. A lab shares with labs only. */
export function refusedStamp(own: EnvironmentStamp, stamps: readonly EnvironmentStamp[]): string | null {
  const known = stamps.find(({ name }) => name === own.name)
  if (known && known.kind !== own.kind)
    return `This store knows ${said(known)}; the configuration says that ${own.name} is ${own.kind}. Use the store of this environment, or another name.`
  const others = stamps.filter((stamp) => isLab(stamp) !== isLab(own))
  if (others.length > 0)
    return `This store belongs to ${others.map(said).join(', ')}; ${isLab(own) ? 'a lab never uses such a store' : 'only a lab uses such a store'}. Use another store for ${said(own)}.`
  return null
}

/** Why web and runner of this environment do not start on a store with these stamps; null when they may. */
export function refusedByStore(own: EnvironmentStamp, stamps: readonly EnvironmentStamp[]): string | null {
  const refused = refusedStamp(own, stamps)
  if (refused) return refused
  if (stamps.some(({ name }) => name === own.name)) return null
  const belongs = stamps.length > 0 ? `belongs to ${stamps.map(said).join(', ')}` : 'belongs to no environment yet'
  return `This store ${belongs}, not to ${said(own)}. Use its own store, or run "npm run migrate" with WARROOM_CONFIG as the store's owner.`
}
