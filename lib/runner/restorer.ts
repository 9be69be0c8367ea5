import { randomBytes } from 'node:crypto'
import type { BackupObject, LoadCall } from '../domain/procedure/call'
import { loadedMark, loadStateOf, partialName, partialsOf } from '../domain/restore/loaded'
import { listWords } from '../domain/units'
import type { BackupLoader, LoadOptions, LoadSource, LoadTarget, NotLoaded } from '../ports/backup-loader'
import { partlyDone } from '../ports/outcome'
import { PortError, type PortErrorClass } from '../ports/port-error'
import type { DatabaseAdmin, MasterLogins, Restorer, ServerLogin } from '../ports/restore'

interface RestorerSettings {
  loader: BackupLoader
  admin: DatabaseAdmin
  masters: MasterLogins
  /** Passwords of the War Room's own roles, by role: on the restored server they are those of this environment. */
  ownPasswords: Readonly<Record<string, string>>
  tls: LoadTarget['tls']
  /** Are signatures looked at here? Then only what is signed is loaded. */
  signed: boolean
}

/** The database that every server has. */
const maintenance = 'postgres'

/**
 * Loads a backup into a database that it makes, and names that like the true one only when every byte has proved authentic. Each
 * attempt has a database of its own, which it drops when it fails; what a lost runner has left behind is dropped first. So two
 * runners that load at the same time never write into the same database, and only one of them can give it its name.
 */
export function createRestorer(settings: RestorerSettings): Restorer {
  const { loader, admin, masters, ownPasswords } = settings

  /** As the master; where that is one of our own roles, its password is ours from the end of a load on. */
  async function signIn({ target }: LoadCall): Promise<ServerLogin> {
    const { host, port, user, instance, region } = target
    const login = { host, port, user, password: await masters.passwordOf(instance, region) }
    const own = ownPasswords[user]
    if (own === undefined) return login
    try {
      await admin.databases(login)
      return login
    } catch (error) {
      if (!(error instanceof PortError) || error.errorClass !== 'auth') throw error
      return { ...login, password: own }
    }
  }

  const sourceOf = (object: BackupObject, sha256: string | null): LoadSource => {
    const { bucket, region, key, versionId, etag, size } = object
    const signature = settings.signed ? 'required' : 'not-looked-at'
    return { bucket, region, key, versionId, etag, size, sha256, signature }
  }

  async function stateWith(login: ServerLogin, { target, run, backup }: LoadCall) {
    const databases = await admin.databases(login)
    const state = loadStateOf(databases, { database: target.database, run, backup })
    return { state, partials: partialsOf(databases, target.database) }
  }

  return {
    tools: () => loader.tools(),

    async state(call) {
      return (await stateWith(await signIn(call), call)).state
    },

    async execute(call, { mayGoOn, signal, progress }) {
      const { target, backup, roles, needs, run } = call
      const login = await signIn(call)
      const into = (database: string): LoadTarget => ({ ...login, database, tls: settings.tls })
      const options: LoadOptions = { signal, progress }
      const done = { bytes: backup.size, tables: null, loadedBy: 'an earlier attempt', decryptedBy: '', roles: 0 }
      const { state, partials } = await stateWith(login, call)
      if (state.kind === 'other')
        throw refused('exists', `${target.database} exists on ${target.instance} and was not loaded by this run.`)
      for (const name of partials) {
        mayGoOn()
        await admin.drop(login, name)
      }
      if (state.kind !== 'loaded') {
        mayGoOn()
        done.roles = roles ? await loadRoles(roles, into(maintenance), options) : 0
        const partial = partialName(target.database, randomBytes(4).toString('hex'))
        mayGoOn()
        // Tables are given to their owners, which only a member of the owner may do.
        const owners = await admin.lendRoles(login)
        mayGoOn()
        await admin.create(login, partial)
        try {
          await admin.letOwn(login, partial, owners.all)
          const request = {
            source: sourceOf(backup, backup.sha256),
            target: into(partial),
            needs: { roles: needs.roles, extensions: needs.extensions },
          }
          const result = await loader.load(request, options)
          if (result.kind !== 'loaded') throw errorOf(result)
          mayGoOn()
          await admin.giveRolesBack(login, partial, owners)
          mayGoOn()
          await admin.analyze(login, partial, signal)
          mayGoOn()
          await admin.complete(login, partial, target.database, loadedMark(run, backup))
          const { plainBytes: bytes, tables, loadedBy, decryptedBy } = result
          Object.assign(done, { bytes, tables, loadedBy, decryptedBy })
        } catch (error) {
          // The answer to the last statement may be lost after it has taken effect.
          if (!(await isWhole(login, call))) throw await withoutRest(error, login, partial)
        }
      }
      for (const role of needs.own) {
        const password = ownPasswords[role]
        mayGoOn()
        if (password !== undefined) await admin.giveRole(login, role, password)
      }
      return done
    },
  }

  async function loadRoles(roles: BackupObject, target: LoadTarget, options: LoadOptions): Promise<number> {
    const { result, created } = await loader.loadRoles({ source: sourceOf(roles, null), target }, options)
    if (result.kind !== 'loaded') throw errorOf(result)
    return created.length
  }

  async function isWhole(login: ServerLogin, call: LoadCall): Promise<boolean> {
    try {
      return (await stateWith(login, call)).state.kind === 'loaded'
    } catch (error) {
      if (!(error instanceof PortError)) throw error
      return false
    }
  }

  /** What is not whole is dropped. Where that fails, too, something of it is left, and nobody may say that nothing happened. */
  async function withoutRest(error: unknown, login: ServerLogin, partial: string): Promise<unknown> {
    try {
      await admin.drop(login, partial)
    } catch (left) {
      if (!(left instanceof PortError)) throw left
      return partlyDone(error)
    }
    return error instanceof PortError
      ? new PortError(error.errorClass, error.message, { ...error.detail, outcome: 'rejected' })
      : error
  }
}

const refused = (errorClass: PortErrorClass, message: string) =>
  new PortError(errorClass, message, { outcome: 'rejected', probe: 'other' })

/** Why a backup is not loaded, in the classes of the outside world. */
function errorOf(result: NotLoaded): PortError {
  const { says, touched } = result
  const of = (errorClass: PortErrorClass, code?: string) =>
    new PortError(errorClass, says, {
      outcome: touched ? 'unknown' : 'rejected',
      probe: 'other',
      ...(code !== undefined && { code }),
    })
  switch (result.kind) {
    case 'refused':
      return result.missing.length > 0 && !result.missing.every((name) => says.includes(name))
        ? refused('config', `${says} Missing: ${listWords(result.missing)}.`)
        : of('config', result.reason)
    case 'damaged':
      return of('other', result.damage)
    case 'failed':
      return of(result.sqlState === '53100' ? 'capacity' : 'config', result.sqlState ?? undefined)
    case 'unreachable':
      return of('unreachable')
    case 'died':
    case 'cancelled':
      return of('other', result.kind)
  }
}
