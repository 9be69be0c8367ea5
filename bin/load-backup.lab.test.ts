/** A backup is loaded by a process of its own, so that the runner keeps its beat. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { LoadProgress } from '../lib/ports/backup-loader'
import { backupLoader } from './starting/backup-loader'
import { loadersOf } from './testing/loaders'
import { loadingProgram } from './testing/loading-program'

const { room, requestOf } = loadingProgram()
const loader = backupLoader()

describe('the loading program', () => {
  test('loads a backup row by row, tells how far it is, and shows no secret', async () => {
    const request = await requestOf(room().text)
    const told: LoadProgress[] = []
    let commandLine = ''
    const result = await loader.load(request, {
      signal: new AbortController().signal,
      progress(progress) {
        told.push(progress)
        for (const pid of loadersOf(process.pid)) commandLine ||= readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      },
    })
    expect(result).toMatchObject({ kind: 'loaded', sha256: request.source.sha256, tables: 3 })
    expect(await room().contents(request.target.database)).toEqual(await room().contents('source'))
    expect(told.map(({ phase }) => phase)).toEqual(expect.arrayContaining(['checking', 'loading', 'building']))
    expect(commandLine).toContain('load-backup.ts')
    expect(commandLine).not.toContain(room().password)
  })
})

test('roles that were dumped beside a backup are made, once, with their passwords', async () => {
  const verifier = `SCRAM-SHA-256$4096:${'c2FsdHNhbHRzYWx0c2FsdA=='}$${'A'.repeat(43)}=:${'B'.repeat(43)}=`
  const globals = `--\n-- PostgreSQL database cluster dump\n--\n\nCREATE ROLE loaded_app;\nALTER ROLE loaded_app WITH NOSUPERUSER INHERIT NOCREATEROLE NOCREATEDB LOGIN NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 7 PASSWORD '${verifier}';\nCREATE ROLE loading_owner;\nALTER ROLE loading_owner WITH SUPERUSER;\nGRANT pg_read_all_data TO loaded_app;\n\n--\n-- PostgreSQL database cluster dump complete\n--\n`
  const { source, target } = await requestOf(globals)
  const options = { signal: new AbortController().signal, progress: () => {} }
  expect(await loader.loadRoles({ source, target }, options)).toMatchObject({
    result: { kind: 'loaded' },
    created: ['loaded_app'],
  })
  const { rows } = await room().root.query(
    "SELECT rolname, rolcanlogin, rolconnlimit, rolpassword, pg_has_role(oid, 'pg_read_all_data', 'MEMBER') AS reads, rolsuper FROM pg_authid WHERE rolname IN ('loaded_app', 'loading_owner') ORDER BY 1",
  )
  expect(rows).toEqual([
    { rolname: 'loaded_app', rolcanlogin: true, rolconnlimit: 7, rolpassword: verifier, reads: true, rolsuper: false },
    {
      rolname: 'loading_owner',
      rolcanlogin: false,
      rolconnlimit: -1,
      rolpassword: null,
      reads: false,
      rolsuper: false,
    },
  ])
  expect((await loader.loadRoles({ source, target }, options)).created).toEqual([])
})
