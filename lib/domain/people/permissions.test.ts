import { describe, expect, it } from 'vitest'
import { may, permissions, type Role, roles } from './permissions'

// Written out manually and not computed: a change of the table has to be made twice, and on purpose.
const allowed: Record<Role, string[]> = {
  viewer: ['view'],
  responder: ['view', 'declare', 'note', 'run', 'lab-faults'],
  approver: ['view', 'declare', 'note', 'run', 'lab-faults', 'approve'],
  commander: ['view', 'declare', 'note', 'run', 'lab-faults', 'approve', 'command', 'break-glass'],
  admin: [
    ...['view', 'declare', 'note', 'run', 'lab-faults', 'approve', 'command', 'break-glass'],
    ...['manage-people', 'manage-settings'],
  ],
}

describe('what each role may do', () => {
  it.each(roles)('%s', (role) => {
    expect(permissions.filter((permission) => may(role, permission)).sort()).toEqual([...allowed[role]].sort())
  })
})
