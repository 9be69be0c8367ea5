/** Roles of a dump are read, not run: what only a superuser may give, and what is no role, does not reach the server. */
import { expect, test } from 'vitest'
import { createRoles, dumpedRoles } from './roles'

const verifier = `SCRAM-SHA-256$4096:c2FsdHNhbHRzYWx0c2FsdA==$${'A'.repeat(43)}=:${'B'.repeat(43)}=`
const text = `--
-- PostgreSQL database cluster dump
--

\\restrict abc123

SET default_transaction_read_only = off;
SET client_encoding = 'UTF8';

CREATE ROLE app;
ALTER ROLE app WITH NOSUPERUSER INHERIT NOCREATEROLE NOCREATEDB LOGIN NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 5 PASSWORD '${verifier}' VALID UNTIL '2030-01-01';
CREATE ROLE "odd ""name";
ALTER ROLE "odd ""name" WITH SUPERUSER INHERIT CREATEROLE REPLICATION BYPASSRLS PASSWORD 'in plain text';
CREATE ROLE rdsadmin;
CREATE ROLE postgres;
ALTER ROLE postgres WITH SUPERUSER;
ALTER ROLE app SET search_path TO 'public';
CREATE TABLESPACE fast OWNER app LOCATION '/x';
ALTER ROLE app WITH LOGIN; DROP ROLE app;
GRANT app TO "odd ""name" WITH ADMIN OPTION GRANTED BY postgres;
GRANT pg_monitor TO postgres;
GRANT ALL ON DATABASE x TO app;

\\unrestrict abc123
--
-- PostgreSQL database cluster dump complete
--
`

test('roles keep their rights, memberships and verifiers, and lose what only a superuser gives', () => {
  const { roles, memberships, leftOut } = dumpedRoles(text)
  expect(roles).toEqual([
    { name: 'app', options: ['INHERIT', 'NOCREATEROLE', 'NOCREATEDB', 'LOGIN', 'CONNECTION LIMIT 5'], verifier },
    { name: 'odd "name', options: ['INHERIT', 'CREATEROLE'], verifier: null },
  ])
  expect(memberships).toEqual([{ group: 'app', member: 'odd "name', admin: true }])
  expect(leftOut).toEqual(['ALTER ROLE app', 'CREATE TABLESPACE fast', 'ALTER ROLE app', 'GRANT ALL ON'])
})

test('only what is missing is made', () => {
  const dumped = dumpedRoles(text)
  expect(createRoles(dumped, new Set())).toEqual([])
  expect(createRoles(dumped, new Set(['odd "name']))).toEqual([
    'CREATE ROLE "odd ""name" WITH INHERIT CREATEROLE',
    'GRANT "app" TO "odd ""name" WITH ADMIN OPTION',
  ])
  expect(createRoles(dumped, new Set(['app']))).toEqual([
    `CREATE ROLE "app" WITH INHERIT NOCREATEROLE NOCREATEDB LOGIN CONNECTION LIMIT 5 PASSWORD '${verifier}'`,
  ])
})
