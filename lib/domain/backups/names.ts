/** What an object is, by its name. What a backup really is, its bytes say when it is read. */
type ObjectKind = 'backup' | 'sidecar' | 'roles' | 'unknown'

const sidecarEnd = /\.(sha256|sha256sum|sha512|md5|sig|asc|minisig|json|manifest|txt)$/i
const backupEnd = /\.(sql|dump|pgdump|custom|backup)(\.(gz|zst|xz|bz2|lz4))?(\.(gpg|pgp))?(\.gz)?$/i
const rolesMark = /\.(globals|roles)$/i

/** The name without what says how it is packed. */
const stemOf = (key: string) => key.replace(backupEnd, '')

/** A description comes first: a checksum of a dump is no dump, whatever else its name contains. */
export function kindOf(key: string): ObjectKind {
  if (sidecarEnd.test(key)) return 'sidecar'
  if (!backupEnd.test(key)) return 'unknown'
  return rolesMark.test(stemOf(key)) ? 'roles' : 'backup'
}

export const isEncrypted = (key: string): boolean => /\.(gpg|pgp)(\.gz)?$/i.test(key)

/** The compression that its name tells and that is not read here; null when there is none such. */
export const foreignCompression = (key: string): string | null =>
  /\.(zst|xz|bz2|lz4)(\.(gpg|pgp))?$/i.exec(key)?.[1]?.toLowerCase() ?? null

/** Names that belong to a backup: its description, and the roles that were dumped with it. */
export const isSidecarOf = (key: string, backup: string): boolean =>
  kindOf(key) === 'sidecar' && key.startsWith(`${backup}.`)
export const isRolesOf = (key: string, backup: string): boolean =>
  kindOf(key) === 'roles' && stemOf(key).replace(rolesMark, '') === stemOf(backup)
