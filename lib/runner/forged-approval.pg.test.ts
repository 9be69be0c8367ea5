/*
 * Approvals take a passkey here. Whoever can write to the store writes approvals into it: without a signature, with somebody's
 * signature over something else, with a key of their own. The runner verifies each by its own list of keys before it sends, so that
 * a row is no second person.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { CommandContext } from '../commands/context'
import { addPasskey, beginPasskey, removePasskey } from '../commands/people/passkeys'
import { approve, breakGlass } from '../commands/run/decide'
import { type SoftwarePasskey, softwarePasskey } from '../commands/testing/software-passkey'
import { challengeBytes, type EnrolledPasskey, type PasskeyAssertion } from '../domain/people/passkey'
import { approvalChallenge } from '../domain/run/approval-challenge'
import type { Approval, Run } from '../domain/run/run'
import { PortError } from '../ports/port-error'
import type { AnyProcedure } from '../procedures/contract'
import { listPasskeys } from '../store/passkeys'
import { readRun } from '../store/run'
import { signal } from '../store/signal'
import { databasePerTest } from '../store/testing/database'
import { approvalProof } from './approval-proof'
import { authoriseFrom } from './authorise'
import { type Bench, bench, Switch, surroundings, switchProcedure } from './testing/one-effect'

const database = databasePerTest()
const site = { origin: 'https://warroom.example', rpId: 'warroom.example' }
let world: Switch
let b: Bench
let enrolled: EnrolledPasskey[]
let starter: CommandContext
let kai: CommandContext
let keyOfKai: SoftwarePasskey

beforeEach(async () => {
  world = new Switch()
  b = bench(database(), world, switchProcedure(world, 'DANGEROUS'))
  enrolled = []
  starter = await b.person('Starter')
  kai = await b.person('Kai', 'approver')
  keyOfKai = await registered(kai)
  enrol(keyOfKai, kai)
})
afterEach(async () => {
  await b.end()
})

/** A passkey that this person registered on the site, as the settings do it. */
async function registered(context: CommandContext): Promise<SoftwarePasskey> {
  const key = softwarePasskey(site)
  const { challenge } = await beginPasskey(context, site)
  await addPasskey(context, site, { name: 'laptop', answer: key.register(challenge) })
  return key
}
function enrol(key: SoftwarePasskey, { person }: CommandContext): void {
  enrolled.push({
    credentialId: key.id,
    publicKey: key.publicKey,
    accountId: person.id,
    login: person.name,
    addedAt: '2026-06-01T00:00:00Z',
  })
}
const runner = () =>
  b.runner({
    authorise: authoriseFrom(database().runner, surroundings, approvalProof({ site, enrolled: () => enrolled })),
  })

const asked = async (id?: string) => await b.asked(id ?? (await b.start()))
const over = (run: Run, approval: Approval, kind: 'second-person' | 'break-glass' = 'second-person') =>
  challengeBytes(approvalChallenge(run, approval, kind))

/** A row that says yes, written by whoever can write to the store. */
async function forge(
  { run, open }: { run: Run; open: Approval },
  by: CommandContext,
  assertion: PasskeyAssertion | null,
  kind: 'second-person' | 'break-glass' = 'second-person',
): Promise<void> {
  await database().owner.pool.query(
    `UPDATE approval SET state = 'approved', kind = $2, decided_by_id = $3, decided_by_name = $4, decided_at = clock_timestamp(), assertion = $5
     WHERE id = $1`,
    [open.id, kind, by.person.id, by.person.name, assertion && JSON.stringify(assertion)],
  )
  await signal(database().runner, { what: 'run', id: run.id })
}
/** Nothing is sent, and people are asked, who read why. */
async function refused(run: Run, why: RegExp): Promise<void> {
  const after = await b.reaches(run.id, ['needs-person', 'done'])
  expect(after).toMatchObject({ state: 'needs-person', effects: [] })
  expect(after.sentence).toMatch(why)
  expect(world.thrown).toBe(0)
}

describe('an approval that a passkey signed', () => {
  test('lets the call be sent, and stays with the approval', async () => {
    runner()
    const { run, open, input } = await asked()
    await approve(kai, { ...input, assertion: keyOfKai.sign(over(run, open)) }, site)
    const done = await b.reaches(run.id, ['done'])
    expect(world.thrown).toBe(1)
    expect(done.approvals.at(-1)?.assertion?.id).toBe(keyOfKai.id)
  })

  test('needs no fresh sign-in besides', async () => {
    runner()
    const { run, open, input } = await asked()
    await database().owner.pool.query('UPDATE session SET authenticated_at = NULL')
    await approve(kai, { ...input, assertion: keyOfKai.sign(over(run, open)) }, site)
    await b.reaches(run.id, ['done'])
  })

  test('by one person alone is signed too, as broken glass', async () => {
    runner()
    const mine = await registered(starter)
    enrol(mine, starter)
    const { run, open, input } = await asked()
    const glass = { ...input, reason: 'Nobody else answers the phone.' }
    const asYes = { ...glass, assertion: mine.sign(over(run, open)) }
    await expect(breakGlass(starter, surroundings, asYes, site)).rejects.toMatchObject({ code: 'not-allowed' })
    await breakGlass(starter, surroundings, { ...glass, assertion: mine.sign(over(run, open, 'break-glass')) }, site)
    await b.reaches(run.id, ['done'])
    expect(world.thrown).toBe(1)
  })
})

describe('the command refuses', () => {
  test.each<[string, (run: Run, open: Approval) => Promise<PasskeyAssertion | undefined>]>([
    ['no signature', async () => undefined],
    [
      'a signature over another digest',
      async (run, open) => keyOfKai.sign(over(run, { ...open, digest: '0'.repeat(64) })),
    ],
    ['a signature over another request', async (run, open) => keyOfKai.sign(over(run, { ...open, id: 'other' }))],
    ['a signature by a key of nobody', async (run, open) => softwarePasskey(site).sign(over(run, open))],
    ['a signature by the starter’s key', async (run, open) => (await registered(starter)).sign(over(run, open))],
    [
      'a signature on another site',
      async (run, open) => keyOfKai.sign(over(run, open), { origin: 'https://evil.example' }),
    ],
    ['a signature for another domain', async (run, open) => keyOfKai.sign(over(run, open), { rpId: 'evil.example' })],
    ['a signature by whoever touched the key', async (run, open) => keyOfKai.sign(over(run, open), { flags: 0x01 })],
  ])('%s', async (_what, signed) => {
    runner()
    const { run, open, input } = await asked()
    await expect(approve(kai, { ...input, assertion: await signed(run, open) }, site)).rejects.toMatchObject({
      code: 'not-allowed',
    })
    expect((await readRun(database().runner, run.id)).approvals.at(-1)?.state).toBe('open')
  })
})

describe('the runner sends nothing on a row', () => {
  test.each<[string, RegExp, (run: Run, open: Approval) => Promise<PasskeyAssertion | null>]>([
    ['without a signature', /not signed by a passkey/, async () => null],
    [
      'over another digest',
      /does not match/,
      async (run, open) => keyOfKai.sign(over(run, { ...open, digest: '0'.repeat(64) })),
    ],
    [
      'over another request of the run',
      /does not match/,
      async (run, open) => keyOfKai.sign(over(run, { ...open, id: 'before' })),
    ],
    [
      'over the request of another run',
      /does not match/,
      async (run, open) => keyOfKai.sign(over({ ...run, id: 'other' }, open)),
    ],
    ['over breaking glass', /does not match/, async (run, open) => keyOfKai.sign(over(run, open, 'break-glass'))],
    [
      'by a key that is not enrolled',
      /not enrolled with the runner/,
      async (run, open) => (await registered(kai)).sign(over(run, open)),
    ],
    [
      'under the id of an enrolled key, by another',
      /does not match its key|does not match the approved/,
      async (run, open) => ({ ...softwarePasskey(site).sign(over(run, open)), id: keyOfKai.id, rawId: keyOfKai.id }),
    ],
    [
      'on another site',
      /does not match/,
      async (run, open) => keyOfKai.sign(over(run, open), { origin: 'https://evil.example' }),
    ],
    [
      'for another domain',
      /does not match/,
      async (run, open) => keyOfKai.sign(over(run, open), { rpId: 'evil.example' }),
    ],
    [
      'by whoever touched the key',
      /does not match/,
      async (run, open) => keyOfKai.sign(over(run, open), { flags: 0x01 }),
    ],
  ])('signed %s', async (_what, why, signed) => {
    runner()
    const request = await asked()
    await forge(request, kai, await signed(request.run, request.open))
    await refused(request.run, why)
  })

  test('signed by a key that is enrolled for somebody else', async () => {
    const robin = await b.person('Robin', 'approver')
    runner()
    const request = await asked()
    await forge(request, robin, keyOfKai.sign(over(request.run, request.open)))
    await refused(request.run, /not enrolled for Robin/)
  })

  test('signed by the starter, whoever the row says it was', async () => {
    const mine = await registered(starter)
    enrol(mine, starter)
    runner()
    const request = await asked()
    await forge(request, kai, mine.sign(over(request.run, request.open)))
    await refused(request.run, /not enrolled for Kai/)
  })

  test('signed by an enrolled key of the starter, whatever else is looked at', async () => {
    const mine = await registered(starter)
    enrol(mine, starter)
    runner()
    const { run, open } = await asked()
    const { id, name } = starter.person
    const yes: Approval = {
      ...open,
      state: 'approved',
      kind: 'second-person',
      decidedBy: { id, name },
      assertion: mine.sign(over(run, open)),
    }
    const proof = approvalProof({ site, enrolled: () => enrolled })
    const [call] = open.covers
    if (!call) throw new Error('no call is covered')
    expect(await proof(run, yes, call)).toContain('belongs to a person who requested it')
  })

  test('that covers another call than the one that was signed', async () => {
    runner()
    const { run, open } = await asked()
    const yes: Approval = {
      ...open,
      state: 'approved',
      kind: 'second-person',
      decidedBy: { id: kai.person.id, name: 'Kai' },
      assertion: keyOfKai.sign(over(run, open)),
    }
    const proof = approvalProof({ site, enrolled: () => enrolled })
    const [call] = open.covers
    if (!call) throw new Error('no call is covered')
    expect(await proof(run, yes, call)).toBeNull()
    expect(await proof(run, yes, { ...call, digest: '0'.repeat(64) })).toContain('changed after it had been shown')
    expect(await proof(run, yes, { ...call, stepId: 'other' })).toContain('changed after it had been shown')
  })

  test('of broken glass without a signature', async () => {
    runner()
    const request = await asked()
    await forge(request, starter, null, 'break-glass')
    await refused(request.run, /not signed by a passkey/)
  })

  test('whose calls were changed after it was signed', async () => {
    runner()
    const { run, open, input } = await asked()
    const shown = { ...open.shown, commands: open.shown.commands.map((one) => ({ ...one, digest: '0'.repeat(64) })) }
    await database().force('UPDATE approval SET shown = $2 WHERE id = $1', [open.id, JSON.stringify(shown)])
    await approve(kai, { ...input, assertion: keyOfKai.sign(over(run, open)) }, site)
    await refused(run, /changed after it had been shown/)
  })

  test('whose run is made another person’s after it was signed', async () => {
    const robin = await b.person('Robin', 'commander')
    runner()
    const { run, open, input } = await asked()
    await database().force('UPDATE run SET started_by_id = $2 WHERE id = $1', [run.id, robin.person.id])
    const signed = keyOfKai.sign(over(run, open))
    await expect(approve(kai, { ...input, assertion: signed }, site)).rejects.toMatchObject({ code: 'not-allowed' })
    await forge({ run, open }, kai, signed)
    await refused(run, /does not match/)
  })

  test('that is written while it looks at the step, before it intends', async () => {
    const usual = switchProcedure(world, 'DANGEROUS')
    let looks = 0
    const procedure: AnyProcedure = {
      ...usual,
      steps: (environment) =>
        usual.steps(environment).map((step) => {
          const { observe } = step
          if (step.id !== 'throw' || !observe) return step
          return {
            ...step,
            observe: async (...args) => {
              looks += 1
              // First the yes that Kai gave runs out; then, during a look of its own, a row appears that says yes again.
              if (looks === 1) {
                await database().force("UPDATE approval SET expires_at = clock_timestamp() - interval '1 s'")
                throw new PortError('transient', 'RDS is throttling.', { outcome: 'rejected', probe: 'api' })
              }
              if (looks === 2)
                await database().force(
                  "UPDATE approval SET assertion = NULL, expires_at = clock_timestamp() + interval '1 h'",
                )
              return await observe(...args)
            },
          }
        }),
    }
    b.runner({
      procedure,
      authorise: authoriseFrom(database().runner, surroundings, approvalProof({ site, enrolled: () => enrolled })),
    })
    const { run, open, input } = await asked()
    await approve(kai, { ...input, assertion: keyOfKai.sign(over(run, open)) }, site)
    await expect.poll(async () => (await readRun(database().runner, run.id)).approvals.length).toBe(2)
    expect(looks).toBeGreaterThan(1)
    expect(world.thrown).toBe(0)
  })

  test('once the key is struck off the runner’s list', async () => {
    runner()
    const { run, open, input } = await asked()
    enrolled = []
    await approve(kai, { ...input, assertion: keyOfKai.sign(over(run, open)) }, site)
    await refused(run, /not enrolled/)
  })

  test('while the list cannot be read', async () => {
    b.runner({
      authorise: authoriseFrom(
        database().runner,
        surroundings,
        approvalProof({
          site,
          enrolled: () => {
            throw new Error('the file is gone')
          },
        }),
      ),
    })
    const { run, open, input } = await asked()
    await approve(kai, { ...input, assertion: keyOfKai.sign(over(run, open)) }, site)
    await refused(run, /the file is gone/)
  })

  test('with a signature, where this runner has no list to verify it by', async () => {
    b.runner({ authorise: authoriseFrom(database().runner, surroundings, approvalProof(null)) })
    const { run, open, input } = await asked()
    await database().owner.pool.query('UPDATE session SET authenticated_at = NULL')
    await approve(kai, { ...input, assertion: keyOfKai.sign(over(run, open)) }, site)
    await refused(run, /no list of passkeys/)
  })
})

test('a signature that was given once is good for no later request of the same calls', async () => {
  runner()
  const first = await asked()
  const assertion = keyOfKai.sign(over(first.run, first.open))
  await database().owner.pool.query("UPDATE approval SET expires_at = clock_timestamp() - interval '1 s'")
  await expect
    .poll(async () => (await readRun(database().runner, first.run.id)).approvals.map((a) => a.state))
    .toEqual(['expired', 'open'])
  const second = await asked(first.run.id)
  expect(second.open.digest).toBe(first.open.digest)
  await expect(approve(kai, { ...second.input, assertion }, site)).rejects.toMatchObject({ code: 'not-allowed' })
  await forge(second, kai, assertion)
  await refused(second.run, /does not match/)
})

describe('a passkey is registered', () => {
  const key = () => softwarePasskey(site)
  const code = (promise: Promise<unknown>) =>
    promise.then(
      () => 'done',
      (error: { code?: string }) => error.code,
    )

  test('for the challenge of this very session, once', async () => {
    const { challenge } = await beginPasskey(kai, site)
    const answer = key().register(challenge)
    const elsewhere = await b.person('Kai', 'approver')
    expect(await code(addPasskey(elsewhere, site, { name: 'x', answer }))).toBe('conflict')
    expect(await code(addPasskey(kai, site, { name: 'x', answer: key().register('b3RoZXIgY2hhbGxlbmdl') }))).toBe(
      'invalid',
    )
    expect(await code(addPasskey(kai, site, { name: 'x', answer }))).toBe('done')
    expect(await code(addPasskey(kai, site, { name: 'x', answer }))).toBe('conflict')
  })

  test.each<[string, { origin?: string; rpId?: string; flags?: number }]>([
    ['on another site', { origin: 'https://evil.example' }],
    ['for another domain', { rpId: 'evil.example' }],
    ['by whoever touched the authenticator', { flags: 0x41 }],
  ])('not %s', async (_what, how) => {
    const { challenge } = await beginPasskey(kai, site)
    expect(await code(addPasskey(kai, site, { name: 'x', answer: key().register(challenge, how) }))).toBe('invalid')
  })

  test('only right after the person proved who they are', async () => {
    await database().owner.pool.query("UPDATE session SET authenticated_at = clock_timestamp() - interval '6 minutes'")
    expect(await code(beginPasskey(kai, site))).toBe('authentication-needed')
  })

  test('and removed by its owner or an admin, which resets credentials', async () => {
    const robin = await b.person('Robin', 'approver')
    expect(await code(removePasskey(robin, { id: keyOfKai.id }))).toBe('not-allowed')
    const admin = await b.person('Admin', 'admin')
    await removePasskey(admin, { id: keyOfKai.id })
    expect(await listPasskeys(database().runner.prisma, kai.person.id)).toEqual([])
    const { rows } = await database().runner.pool.query(
      "SELECT 1 FROM account_change WHERE account_id = $1 AND kind = 'credentials' AND by_id = $2",
      [kai.person.id, admin.person.id],
    )
    expect(rows).toHaveLength(1)
  })
})
