/** A role of a dump of roles, in the parts that a server without superusers takes. */
interface DumpedRole {
  name: string
  /** Rights of `ALTER ROLE ... WITH`, without those that only a superuser may give. */
  options: string[]
  /** Password verifier as it was kept (SCRAM or MD5), never a password in plain text; null without one. */
  verifier: string | null
}

interface DumpedRoles {
  roles: DumpedRole[]
  memberships: { group: string; member: string; admin: boolean }[]
  /** Statements of other kinds, such as tablespaces and settings, which are left out: their first words. */
  leftOut: string[]
}

const nameOf = /^(?:"((?:[^"]|"")+)"|([a-z_][a-z0-9_$]*))/
const granted = /^(INHERIT|NOINHERIT|CREATEROLE|NOCREATEROLE|CREATEDB|NOCREATEDB|LOGIN|NOLOGIN|CONNECTION LIMIT -?\d+)$/
const optionWords =
  /(NO)?(SUPERUSER|INHERIT|CREATEROLE|CREATEDB|LOGIN|REPLICATION|BYPASSRLS)\b|CONNECTION LIMIT -?\d+|PASSWORD '((?:[^']|'')*)'|VALID UNTIL '[^']*'/y
const verifierOf = /^(SCRAM-SHA-256\$\d+:[A-Za-z0-9+/=]+\$[A-Za-z0-9+/=]+:[A-Za-z0-9+/=]+|md5[0-9a-f]{32})$/

/** Roles of the server itself or of RDS: they are there already, or may not be made. */
const reserved = /^(pg_|rds)|^(postgres)$/

function readName(text: string): { name: string; rest: string } | null {
  const found = nameOf.exec(text)
  if (!found) return null
  const name = found[1]?.replaceAll('""', '"') ?? found[2] ?? ''
  return { name, rest: text.slice(found[0].length) }
}

/** Reads what `pg_dumpall --globals-only` or `--roles-only` writes. A statement that it does not know is left out and named. */
export function dumpedRoles(text: string): DumpedRoles {
  const roles = new Map<string, DumpedRole>()
  const found: DumpedRoles = { roles: [], memberships: [], leftOut: [] }
  const leave = (line: string) => found.leftOut.push(line.split(/\s+/).slice(0, 3).join(' '))
  for (const line of text.split('\n').map((one) => one.trim())) {
    if (line === '' || line.startsWith('--') || /^SET \w+ = [^;]*;$/.test(line) || /^\\(un)?restrict \w+$/.test(line))
      continue
    if (!takeRole(line, roles) && !takeMembership(line, found)) leave(line)
  }
  found.roles = [...roles.values()].filter(({ name }) => !reserved.test(name))
  found.memberships = found.memberships.filter(({ member }) => !reserved.test(member))
  return found
}

function takeRole(line: string, roles: Map<string, DumpedRole>): boolean {
  const verb = /^(CREATE|ALTER) ROLE /.exec(line)
  if (!verb) return false
  const created = verb[1] === 'CREATE'
  const named = readName(line.slice(verb[0].length))
  if (!named) return false
  const role = roles.get(named.name) ?? { name: named.name, options: [], verifier: null }
  if (created) {
    if (named.rest !== ';') return false
    roles.set(named.name, role)
    return true
  }
  const options = /^ WITH (.*);$/.exec(named.rest)?.[1]
  if (options === undefined) return false
  const read = readOptions(options)
  if (!read) return false
  roles.set(named.name, { ...role, ...read })
  return true
}

function readOptions(text: string): Pick<DumpedRole, 'options' | 'verifier'> | null {
  const options: string[] = []
  let verifier: string | null = null
  const words = new RegExp(optionWords)
  while (words.lastIndex < text.length) {
    const found = words.exec(text)
    if (!found) return null
    const password = found[3]?.replaceAll("''", "'")
    if (password !== undefined && verifierOf.test(password)) verifier = password
    if (granted.test(found[0])) options.push(found[0])
    while (text[words.lastIndex] === ' ') words.lastIndex += 1
  }
  return { options, verifier }
}

function takeMembership(line: string, found: DumpedRoles): boolean {
  if (!line.startsWith('GRANT ')) return false
  const group = readName(line.slice('GRANT '.length))
  const member = group?.rest.startsWith(' TO ') ? readName(group.rest.slice(' TO '.length)) : null
  const rest = member && /^( WITH ADMIN (?:OPTION|TRUE))?[^;']*;$/.exec(member.rest)
  if (!group || !member || !rest) return false
  found.memberships.push({ group: group.name, member: member.name, admin: rest[1] !== undefined })
  return true
}

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`

/** Statements that make the roles which a server lacks. Those that exist are left as they are. */
export function createRoles({ roles, memberships }: DumpedRoles, missing: ReadonlySet<string>): string[] {
  return [
    ...roles
      .filter(({ name }) => missing.has(name))
      .map(({ name, options, verifier }) => {
        const password = verifier === null ? '' : ` PASSWORD '${verifier}'`
        return `CREATE ROLE ${quoted(name)} WITH ${options.join(' ')}${password}`.replace(/ WITH $/, '')
      }),
    ...memberships
      .filter(({ member }) => missing.has(member))
      .map(
        ({ group, member, admin }) => `GRANT ${quoted(group)} TO ${quoted(member)}${admin ? ' WITH ADMIN OPTION' : ''}`,
      ),
  ]
}
