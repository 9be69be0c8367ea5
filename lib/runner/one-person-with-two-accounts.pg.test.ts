/*
 * Mallory is an admin and has started a failover. She gets hold of a second account, or makes one, signs in with it and approves her
 * own run. In whatever way she came by it, the command refuses, the store refuses, and the runner sends nothing on a row that says
 * otherwise. A day later, when its owner must have noticed, the account is a second person again.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { CommandContext } from '../commands/context'
import { addPerson } from '../commands/people/add-person'
import { changeRole } from '../commands/people/change-role'
import { setDisabled } from '../commands/people/set-disabled'
import { choosePassword, setPassword } from '../commands/people/set-password'
import { signInByPassword } from '../commands/people/sign-in'
import { approve } from '../commands/run/decide'
import { skipStep } from '../commands/run/steer'
import { signedIn } from '../commands/testing/signed-in'
import type { Role } from '../domain/people/permissions'
import type { AnyProcedure } from '../procedures/contract'
import { decideApproval } from '../store/approval'
import { approversOf, approversOnline } from '../store/people-online'
import { readRun } from '../store/run'
import { signal } from '../store/signal'
import { databasePerTest } from '../store/testing/database'
import { testSecret } from '../store/testing/postgres'
import { proverOf } from '../store/web-proof'
import { sessionReader } from '../web/session-reader'
import { approvalProof } from './approval-proof'
import { authoriseFrom } from './authorise'
import { type Bench, bench, Switch, surroundings, switchProcedure } from './testing/one-effect'

const catalogue = vi.hoisted(() => ({ procedure: null as AnyProcedure | null }))
vi.mock('../procedures/index', () => ({ procedureBySlug: () => catalogue.procedure, procedures: [] }))

const database = databasePerTest()
let b: Bench
let world: Switch
let mallory: CommandContext

function begin(effect: 'SAFE' | 'DANGEROUS' = 'DANGEROUS') {
  world = new Switch()
  catalogue.procedure = switchProcedure(world, effect)
  b = bench(database(), world, catalogue.procedure)
}
beforeEach(async () => {
  begin()
  mallory = await b.person('Mallory', 'admin')
})
afterEach(async () => {
  await b.end()
})

/** As the product's own runner: rights are read from the accounts. */
const runner = () => b.runner({ authorise: authoriseFrom(database().runner, surroundings, approvalProof(null)) })
const password = 'known to mallory 1'

/** Signs in as whoever this login and password belong to, and chooses a password when one must be chosen. */
async function enter(login: string, known = password): Promise<CommandContext> {
  const { web: store } = database()
  const token = await signInByPassword(
    { store, prove: proverOf(testSecret), address: '10.0.0.1', userAgent: null, now: Date.now },
    { login, password: known },
  )
  const sessions = sessionReader(store, Date.now)
  const limited = await sessions.limited(token)
  const session = limited ?? (await sessions.confirm(token))
  if (!session) throw new Error('no session')
  const context = { ...mallory, person: session.person, sessionId: session.id, token }
  if (limited) await choosePassword(context, { password: `${known}, chosen anew` })
  return context
}
async function add(by: CommandContext, login: string, role: Role): Promise<CommandContext> {
  await addPerson(by, { login, name: login, role, password })
  return await enter(login)
}
const someone = (login: string, role: Role) =>
  signedIn(database(), { login, role }, { name: surroundings.name, kind: 'staging' })

async function asked(by: CommandContext) {
  return await b.asked(await b.start({ startedBy: { id: by.person.id, name: by.person.name } }))
}
/** Moves what was done to accounts a day into the past. */
const aDayPasses = () => database().force("UPDATE account_change SET at = at - interval '24 hours 1 minute'")

/** How Mallory comes by two accounts: the one that starts, and the one that approves. */
const ways: [string, () => Promise<{ starter: CommandContext; other: CommandContext }>][] = [
  ['she adds an approver', async () => ({ starter: mallory, other: await add(mallory, 'second@x', 'approver') })],
  [
    'she resets the password of an approver',
    async () => {
      const ann = await someone('ann@x', 'approver')
      await setPassword(mallory, { accountId: ann.person.id, password })
      return { starter: mallory, other: await enter('ann@x') }
    },
  ],
  [
    'she makes an approver of somebody',
    async () => {
      const ann = await someone('ann@x', 'viewer')
      await changeRole(mallory, { accountId: ann.person.id, from: 'viewer', to: 'approver' })
      return { starter: mallory, other: await someone('ann@x', 'approver') }
    },
  ],
  [
    'she enables the account of an approver who left',
    async () => {
      const ann = await someone('ann@x', 'approver')
      await setDisabled(mallory, { accountId: ann.person.id, disabled: true })
      await setDisabled(mallory, { accountId: ann.person.id, disabled: false })
      return { starter: mallory, other: await someone('ann@x', 'approver') }
    },
  ],
  [
    'an admin whom she added adds an approver',
    async () => {
      const admin = await add(mallory, 'admin@x', 'admin')
      return { starter: mallory, other: await add(admin, 'second@x', 'approver') }
    },
  ],
  [
    'she starts it with an account that she added, and approves with her own',
    async () => ({ starter: await add(mallory, 'second@x', 'responder'), other: mallory }),
  ],
  [
    'she adds both accounts',
    async () => ({ starter: await add(mallory, 'one@x', 'responder'), other: await add(mallory, 'two@x', 'approver') }),
  ],
]

describe('one person with two accounts does not approve', () => {
  test.each(ways)('when %s', async (_way, come) => {
    const { runner: store } = database()
    runner()
    const { starter, other } = await come()
    const { open, input } = await asked(starter)
    await expect(approve(other, input)).rejects.toMatchObject({ code: 'not-allowed' })

    const draft = {
      kind: 'approval.given',
      actor: { kind: 'person' as const, id: other.person.id, name: other.person.name },
      text: 'x',
    }
    const yes = {
      state: 'approved',
      kind: 'second-person',
      reason: null,
      digest: open.digest,
      assertion: null,
    } as const
    const as = { token: other.token, environment: surroundings.name }
    expect(await decideApproval(database().web, as, open.id, yes, draft)).toMatch(/same-hand|favour/)

    // Nor does a row that came past both: the runner looks for itself.
    await database().force(
      `UPDATE approval SET state = 'approved', kind = 'second-person', decided_by_id = $2, decided_by_name = 'x', decided_at = clock_timestamp() WHERE id = $1`,
      [open.id, other.person.id],
    )
    await signal(store, { what: 'run', id: input.runId })
    const run = await b.reaches(input.runId, ['needs-person', 'done'])
    expect(run).toMatchObject({ state: 'needs-person', effects: [] })
    expect(run.sentence).toMatch(/within 24 h/)
    expect(world.thrown).toBe(0)
  })

  test.each(ways)('until a day has passed, when %s', async (_way, come) => {
    runner()
    const { starter, other } = await come()
    const { input } = await asked(starter)
    await aDayPasses()
    await approve(other, input)
    await b.reaches(input.runId, ['done'])
    expect(world.thrown).toBe(1)
  })

  test('when both are of one mailbox', async () => {
    runner()
    const starter = await someone('robin@example.org', 'responder')
    const other = await someone('robin+second@example.org', 'approver')
    const { input } = await asked(starter)
    await aDayPasses()
    await expect(approve(other, input)).rejects.toMatchObject({ message: expect.stringContaining('share an address') })
  })
})

test('nor does one person with two accounts skip a step', async () => {
  begin('SAFE')
  runner()
  world.next = 'refused'
  const other = await add(mallory, 'second@x', 'commander')
  const id = await b.start({ startedBy: { id: mallory.person.id, name: 'Mallory' } })
  await b.reaches(id, ['needs-person'])
  const reason = 'It is known to be broken.'
  await expect(skipStep(other, surroundings, { runId: id, stepId: 'throw', reason })).rejects.toMatchObject({
    code: 'not-allowed',
    message: expect.stringContaining('Mallory created your account'),
  })
  await skipStep(await b.person('Other'), surroundings, { runId: id, stepId: 'throw', reason })
  expect((await b.reaches(id, ['done'])).steps).toMatchObject([{ state: 'skipped' }])
})

test('a skip whose writer turns out to be the same person is taken back by the runner', async () => {
  begin('SAFE')
  runner()
  world.next = 'refused'
  const other = await b.person('Other')
  const id = await b.start({ startedBy: { id: mallory.person.id, name: 'Mallory' } })
  await b.reaches(id, ['needs-person'])
  // Between the command and the runner's look, the account becomes one of Mallory's.
  await setPassword(mallory, { accountId: other.person.id, password })
  await database().force(
    `WITH s AS (UPDATE run_step SET state = 'skipped' WHERE run_id = $1)
     UPDATE run SET state = 'running', facts = facts || jsonb_build_object('decision/throw', jsonb_build_object(
       'event', 'skip', 'stepId', 'throw', 'by', jsonb_build_object('id', $2::text, 'name', 'Other'), 'permission', 'command', 'checked', false))
     WHERE id = $1`,
    [id, other.person.id],
  )
  await expect
    .poll(async () => (await readRun(database().runner, id)).sentence)
    .toContain('What was decided is not done')
  expect((await b.reaches(id, ['needs-person'])).steps).toMatchObject([{ state: 'failed' }])
})

test('who may approve is counted and named without those who are no second person', async () => {
  const { runner: store } = database()
  const ann = await someone('ann@x', 'approver')
  await add(mallory, 'second@x', 'approver')
  expect(await approversOnline(store, mallory.person.id)).toBe(1)
  const { approvers, refusals } = await approversOf(store, [mallory.person.id])
  expect(approvers.map(({ id }) => id)).toEqual([ann.person.id])
  expect([...refusals.values()].map(({ reason }) => reason).sort()).toEqual(['same-hand', 'starter'])
})
