import { allowed, notAllowed, type Right } from '../right'

/**
 * Roles and what each may do. Roles rise: whoever holds one may do all that the roles below it may do. This table is the
 * only place where that is decided; commands ask it, screens only hide what it would refuse.
 */
export const roles = ['viewer', 'responder', 'approver', 'commander', 'admin'] as const
export type Role = (typeof roles)[number]

/** The least role for each act. */
const leastRole = {
  /** See everything that the desk shows. */
  view: 'viewer',
  /** Declare an incident, write notes, take a role in it. */
  declare: 'responder',
  note: 'responder',
  /** Start a procedure, also as a dry run, and move a run on: pause, resume, retry, stop. */
  run: 'responder',
  /** Switch faults of the lab on and off. */
  'lab-faults': 'responder',
  /** Say yes or no, as the second person, to a dangerous step. */
  approve: 'approver',
  /** Lead: change severity, resolve, skip or undo a step, hand a run to a person. */
  command: 'commander',
  /** Act alone with a reason, where the environment allows it. */
  'break-glass': 'commander',
  /** Add people, change roles, disable accounts, end other people's sessions. */
  'manage-people': 'admin',
  /** Integrations, wall links and other settings. */
  'manage-settings': 'admin',
} as const satisfies Record<string, Role>

export type Permission = keyof typeof leastRole
export const permissions = Object.keys(leastRole) as Permission[]

export function may(role: Role, permission: Permission): boolean {
  return roles.indexOf(role) >= roles.indexOf(leastRole[permission])
}

/** The least role that may do this. */
export const roleNeededFor = (permission: Permission): Role => leastRole[permission]

const article = (role: Role) => (/^[aeiou]/.test(role) ? `an ${role}` : `a ${role}`)

/** May this role do that, with the role that is needed where it may not. */
export const roleRight = (role: Role, permission: Permission): Right =>
  may(role, permission) ? allowed : notAllowed(`Your role is ${role}. This needs ${article(leastRole[permission])}.`)

/** For people who choose a role: what it adds to the one before. */
export const roleSummaries: Record<Role, string> = {
  viewer: 'Sees everything, changes nothing.',
  responder: 'Declares incidents, writes notes, runs procedures.',
  approver: 'Also approves dangerous steps as the second person.',
  commander: 'Also commands incidents, skips steps, uses break-glass.',
  admin: 'Also manages people and settings.',
}
