import { quotedName } from '../text'
/** What a server says of the role that is to fence it. Facts alone; what they allow is decided below. */
export interface FenceRights {
  /** The recovery role, as it signed in. */
  user: string
  superuser: boolean
  createRole: boolean
  /** The server's version, as people know it ("17.10"), and its major number. */
  version: string
  major: number
  database: string
  owner: string
  /** May it change the database's own settings? Its owner may, and who has the owner's rights. */
  ownsDatabase: boolean
  roles: FenceRoleRights[]
}

/** What the recovery role may do to one other role. */
export interface FenceRoleRights {
  name: string
  exists: boolean
  superuser: boolean
  replication: boolean
  /** The recovery role has ADMIN OPTION on it, by itself or through another role. */
  admin: boolean
  /** The recovery role may end its sessions. */
  endsSessions: boolean
}

/** A statement of the fence that the server would refuse. */
interface FenceGap {
  /** The role or the database that would stay open. */
  of: string
  says: string
  /** The statement that gives the right; null where no GRANT does. */
  remedy: string | null
}

/** From this version on, CREATEROLE alone alters only roles that the altering role administers. */
const adminOptionSince = 16

/**
 * Which statements of the fence would this server refuse? Empty when it would take each one. The rules are PostgreSQL's own:
 * its manual on ALTER ROLE, ALTER DATABASE and pg_terminate_backend, and the release notes of version 16 on CREATEROLE.
 */
export function fenceGaps(rights: FenceRights, applicationRoles: readonly string[]): FenceGap[] {
  if (rights.superuser) return rights.roles.filter((r) => !r.exists).map(absent)
  const us = quotedName(rights.user)
  const gaps: FenceGap[] = []
  if (!rights.createRole)
    gaps.push({
      of: rights.user,
      says: `${rights.user} lacks CREATEROLE`,
      remedy: `ALTER ROLE ${us} CREATEROLE`,
    })
  for (const role of rights.roles) {
    if (!role.exists) gaps.push(absent(role))
    else if (role.superuser)
      gaps.push({ of: role.name, says: `${role.name} is a superuser, which only a superuser can fence`, remedy: null })
    else {
      if (applicationRoles.includes(role.name)) gaps.push(...loginGaps(rights, role))
      if (!role.endsSessions)
        gaps.push({
          of: role.name,
          says: `${rights.user} may not end sessions of ${role.name}`,
          remedy: `GRANT pg_signal_backend TO ${us}`,
        })
    }
  }
  if (!rights.ownsDatabase)
    gaps.push({
      of: rights.database,
      says: `${rights.user} may not make ${rights.database} read-only`,
      remedy: `GRANT ${quotedName(rights.owner)} TO ${us}`,
    })
  return gaps
}

const absent = ({ name }: FenceRoleRights): FenceGap => ({
  of: name,
  says: `role ${name} does not exist on this server`,
  remedy: null,
})

function loginGaps(rights: FenceRights, role: FenceRoleRights): FenceGap[] {
  if (rights.major >= adminOptionSince)
    return role.admin
      ? []
      : [
          {
            of: role.name,
            says: `${rights.user} may not alter ${role.name}`,
            remedy: `GRANT ${quotedName(role.name)} TO ${quotedName(rights.user)} WITH ADMIN OPTION`,
          },
        ]
  // Until version 15, CREATEROLE is enough for every role but these.
  return role.replication
    ? [
        {
          of: role.name,
          says: `${role.name} has REPLICATION, which only a superuser can fence on PostgreSQL ${rights.major}`,
          remedy: `ALTER ROLE ${quotedName(role.name)} NOREPLICATION`,
        },
      ]
    : []
}

/** Gaps as people read them: what stays open, and the statements that mend it, each once. */
export function formatFenceGaps(rights: FenceRights, gaps: readonly FenceGap[]): string {
  const remedies = [...new Set(gaps.flatMap((g) => (g.remedy ? [`${g.remedy};`] : [])))]
  const what = gaps.map((g) => g.says).join(', ')
  const run = remedies.length > 0 ? ` Run: ${remedies.join(' ')}` : ''
  return `PostgreSQL ${rights.version} would refuse a part of the fence: ${what}.${run}`
}
