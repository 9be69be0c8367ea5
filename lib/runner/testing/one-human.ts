import { randomUUID } from 'node:crypto'
import type { CommandContext } from '../../commands/context'
import { addPerson } from '../../commands/people/add-person'
import { changeRole } from '../../commands/people/change-role'
import { connectIdentity, disconnectIdentity } from '../../commands/people/connect-identity'
import { setDisabled } from '../../commands/people/set-disabled'
import { choosePassword, setPassword } from '../../commands/people/set-password'
import { signInByPassword, signInBySubject } from '../../commands/people/sign-in'
import { approve, breakGlass } from '../../commands/run/decide'
import { doneByHand, revise, takeByHand } from '../../commands/run/revise'
import { startRun } from '../../commands/run/start-run'
import { pauseRun, resumeRun, retryStep, skipStep, stopRun, undoStep } from '../../commands/run/steer'
import { signedIn } from '../../commands/testing/signed-in'
import { ExpectedError } from '../../domain/errors'
import type { Role } from '../../domain/people/permissions'
import { askedFor } from '../../domain/run/approval-rule'
import { decisionOf } from '../../domain/run/decision'
import type { Approval, Effect, Run } from '../../domain/run/run'
import { runIsOver } from '../../domain/run/states'
import { findAccount, listAccounts } from '../../store/people'
import { readRun } from '../../store/run'
import { signal } from '../../store/signal'
import type { TestDatabase } from '../../store/testing/database'
import { addAccount } from '../../store/testing/people'
import { testSecret } from '../../store/testing/postgres'
import { proverOf } from '../../store/web-proof'
import { sessionReader } from '../../web/session-reader'
import { yesTo } from './asked'
import { type Bench, type Switch, surroundings } from './one-effect'
import type { Act } from './one-human-acts'

/*
 * One human, Mallory, who is an admin and does whatever she likes with every account that she can sign in with; and Ann, an approver
 * who now and then approves what is asked. The model knows one thing only: which accounts are in Mallory's hands, because she knows a
 * credential of them. Whether something was agreed by two humans follows from that.
 */

/** What one human did alone that takes two. */
interface Finding {
  what: 'effect' | 'effect-late' | 'undo' | 'skip' | 'by-hand'
  /** Who decided, as far as a row says so. */
  by: string
}

/** However its effects follow each other, an approval allows nothing later than this after it was given, ms. */
const agreedForMs = 60 * 60_000
const day = 24
const reason = 'This is a test of the two-person rule.'
const prove = proverOf(testSecret)
const issuer = 'https://id.example.org'
const rules = { domains: ['example.org'], groups: [], trustsAddresses: false }

/** Of what a sequence leaves, and whatever refers to it. Of a few rows each, DELETE takes a fraction of the time of TRUNCATE. */
const left =
  'account session passkey account_change account_identity run run_step approval effect_journal resource_lock run_output sign_in_limit'
async function emptyTables(database: TestDatabase): Promise<void> {
  const { rows } = await database.owner.pool.query<{ name: string }>(
    `WITH RECURSIVE referring AS (
       SELECT unnest($1::text[])::regclass::oid AS id
       UNION SELECT conrelid FROM pg_constraint JOIN referring ON confrelid = id WHERE contype = 'f')
     SELECT id::regclass::text AS name FROM referring`,
    [left.split(' ')],
  )
  await database.force(rows.map(({ name }) => `DELETE FROM ${name}`).join('; '))
}

export class OneHuman {
  /** Passwords that Mallory knows, by account. */
  private readonly passwords = new Map<string, string>()
  private readonly sessions = new Map<string, CommandContext>()
  /** Since when an account is in her hands, and through which; her own is from the beginning. */
  private readonly gained = new Map<string, { atHours: number; counts: boolean }>()
  /** What Ann herself approved. */
  private readonly agreed = new Set<string>()
  private readonly seenEffects = new Map<string, number>()
  private readonly seenSkips = new Set<string>()
  private linked: string | null = null
  private hours = 0
  private acts = 0
  private runId: string | null = null
  proves = true
  readonly findings: Finding[] = []

  private constructor(
    private readonly database: TestDatabase,
    private readonly world: Switch,
    private readonly own: string,
  ) {}

  /** Everything as before anybody did anything; runs and people of an earlier sequence are gone. */
  static async begin(database: TestDatabase, b: Bench, world: Switch): Promise<OneHuman> {
    await emptyTables(database)
    world.on = false
    world.next = 'works'
    const password = 'the own password of Mallory'
    const mallory = await addAccount(database.owner, { login: 'mallory', name: 'Mallory', role: 'admin', password })
    await b.person('Ann', 'approver')
    await b.person('Bo', 'responder')
    const human = new OneHuman(database, world, mallory.id)
    human.passwords.set(mallory.id, password)
    return human
  }

  /** Is this account in Mallory's hands? A day after she took it, its owner must have noticed. */
  private inHand(id: string): boolean {
    const gained = this.gained.get(id)
    return id === this.own || (gained?.counts === true && this.hours - gained.atHours < day)
  }

  private gain(id: string, through: CommandContext): void {
    const counts = this.inHand(through.person.id)
    if (counts || !this.inHand(id)) this.gained.set(id, { atHours: this.hours, counts })
  }

  /** Signed in anew as an account that she can sign in with; null when she cannot any more. */
  private async enter(id: string): Promise<CommandContext | null> {
    const { web: store } = this.database
    const account = await findAccount(store.prisma, id)
    if (!account) return null
    const from = { store, prove, address: `10.${this.acts % 250}.0.1`, userAgent: null, now: Date.now }
    const password = this.passwords.get(id)
    const token =
      password !== undefined
        ? await signInByPassword(from, { login: account.login, password })
        : this.linked === id
          ? await signInBySubject({ ...from, session: null }, this.identity, rules)
          : null
    if (token === null) return null
    const sessions = sessionReader(store, Date.now)
    const limited = await sessions.limited(token)
    const session = limited ?? (await sessions.confirm(token))
    if (!session) return null
    const { person } = session
    const context = { ...this.context, person, sessionId: session.id, token }
    if (limited) {
      const chosen = `${password} chosen`
      await choosePassword(context, { password: chosen })
      this.passwords.set(id, chosen)
    }
    this.sessions.set(id, context)
    return context
  }

  private readonly environment = { name: surroundings.name, kind: 'production' as const }
  private get context() {
    return { store: this.database.web, prove, address: '10.0.0.1', environment: this.environment, now: Date.now }
  }
  private get identity() {
    return {
      issuer,
      subject: 'mallory',
      email: null,
      emailVerified: false,
      name: 'Mallory',
      groups: null,
      authenticatedAt: Date.now(),
    }
  }

  /** Mallory as one of the accounts that she can act with, in a session that stands. */
  private async as(n: number): Promise<CommandContext> {
    const ids = [...new Set([...this.passwords.keys(), ...(this.linked === null ? [] : [this.linked])])]
    const id = ids[n % ids.length] ?? this.own
    const open = this.sessions.get(id)
    const session = open && (await sessionReader(this.database.web, Date.now).confirm(open.token))
    const context = session && open ? { ...open, person: session.person } : await this.enter(id)
    if (!context) throw new ExpectedError('not-signed-in', 'She cannot sign in as that any more.')
    return context
  }

  private async target(n: number): Promise<{ id: string; role: Role }> {
    const all = await listAccounts(this.database.web.prisma)
    const one = all[n % all.length]
    if (!one) throw new Error('nobody is there')
    return one
  }

  private async run(): Promise<Run> {
    if (this.runId === null) throw new ExpectedError('not-found', 'There is no run.')
    return await readRun(this.database.web, this.runId)
  }

  /** Does it, as far as it is let; then waits until the run rests, and looks at what happened. */
  async do(act: Act): Promise<void> {
    this.acts += 1
    try {
      await this.attempt(act)
    } catch (error) {
      // She is refused most of what she tries.
      if (!(error instanceof ExpectedError)) throw error
    }
    await this.rest()
    await this.look()
  }

  private async attempt(act: Act): Promise<void> {
    switch (act.do) {
      case 'world':
        this.world.next = act.next
        this.proves = act.proves
        return
      case 'time':
        return await this.pass(act.hours)
      case 'ann-approves':
        return await this.annApproves()
      case 'add':
      case 'role':
      case 'password':
      case 'enable':
      case 'disable':
      case 'link':
      case 'unlink':
        return await this.manage(act)
      default:
        return await this.steer(act)
    }
  }

  private async manage(
    act: Extract<Act, { do: 'add' | 'role' | 'password' | 'enable' | 'disable' | 'link' | 'unlink' }>,
  ): Promise<void> {
    const me = await this.as(act.as)
    const password = `a password ${randomUUID()}`
    if (act.do === 'add') {
      const { id } = await addPerson(me, { login: `p${this.acts}@x`, name: `P${this.acts}`, role: act.role, password })
      this.passwords.set(id, password)
      this.gain(id, me)
      await this.enter(id)
      return
    }
    const { id, role } = await this.target(act.who)
    switch (act.do) {
      case 'role':
        return await changeRole(me, { accountId: id, from: role, to: act.role })
      case 'enable':
        return await setDisabled(me, { accountId: id, disabled: false })
      case 'disable':
        return await setDisabled(me, { accountId: id, disabled: true })
      case 'password':
        if (id === me.person.id) return
        await setPassword(me, { accountId: id, password })
        this.passwords.set(id, password)
        if (id !== this.own) this.gain(id, me)
        return void (await this.enter(id))
      case 'link':
        await connectIdentity(me, issuer, { accountId: id, subject: 'mallory' })
        this.linked = id
        return id === this.own ? undefined : this.gain(id, me)
      case 'unlink':
        await disconnectIdentity(me, { accountId: id })
        if (this.linked === id) this.linked = null
    }
  }

  private async steer(act: Exclude<Extract<Act, { as: number }>, { who: number }>): Promise<void> {
    const me = await this.as(act.as)
    if (act.do === 'sign-in') return void (await this.enter(me.person.id))
    if (act.do === 'start') {
      await this.endRun(me)
      const asked = { slug: 'switch', mode: 'real' as const, reason, typedEnvironment: surroundings.name, inputs: {} }
      this.runId = (await startRun(me, surroundings, asked, null)).id
      return
    }
    const run = await this.run()
    const step = { runId: run.id, stepId: run.currentStepId ?? 'throw' }
    switch (act.do) {
      case 'approve':
        return await approve(me, this.asked(run))
      case 'break-glass':
        return await breakGlass(me, surroundings, { ...this.asked(run), reason })
      case 'retry':
        return await retryStep(me, step)
      case 'undo':
        return await undoStep(me, surroundings, step)
      case 'skip':
        return await skipStep(me, surroundings, { ...step, reason })
      case 'by-hand':
        return await takeByHand(me, surroundings, { ...step, reason })
      case 'hand-done':
        return await doneByHand(me, step)
      case 'revise':
        return await revise(me, surroundings, { ...step, kind: 'accept', subject: 'as it is', reason })
      case 'pause':
        return await pauseRun(me, { runId: run.id })
      case 'resume':
        return await resumeRun(me, { runId: run.id })
      case 'stop':
        return await stopRun(me, { runId: run.id, reason })
    }
  }

  /** The cluster is free for the next run. */
  private async endRun(me: CommandContext): Promise<void> {
    if (this.runId === null || runIsOver((await this.run()).state)) return
    await stopRun(me, { runId: this.runId, reason })
    await this.rest()
  }

  private asked(run: Run): Parameters<typeof approve>[1] {
    const open = run.approvals.findLast((a) => a.state === 'open')
    if (!open) throw new ExpectedError('conflict', 'Nothing is asked.')
    return yesTo(run, open)
  }

  private async annApproves(): Promise<void> {
    const account = (await listAccounts(this.database.web.prisma)).find(({ name }) => name === 'Ann')
    if (!account || account.disabledAt !== null) return
    const run = await this.run()
    // Ann herself: her own session, whatever Mallory did to her account since.
    const ann = await signedIn(this.database, { login: account.login, role: account.role }, this.environment)
    const asked = this.asked(run)
    await approve(ann, asked)
    this.agreed.add(asked.approvalId)
  }

  /** Hours pass: everything that the store knows moves into the past. */
  private async pass(hours: number): Promise<void> {
    this.hours += hours
    const ago = `- interval '${hours} hours'`
    const moved: Record<string, string[]> = {
      account_change: ['at'],
      session: ['created_at', 'last_seen_at', 'expires_at', 'authenticated_at', 'revoked_at'],
      approval: ['requested_at', 'expires_at', 'decided_at', 'used_at'],
      run: ['started_at', 'finished_at', 'waiting_since'],
      run_step: ['since', 'started_at', 'finished_at'],
      effect_journal: ['intended_at', 'outcome_at'],
      sign_in_limit: ['window_end'],
    }
    const statements = Object.entries(moved).map(
      ([table, columns]) => `UPDATE ${table} SET ${columns.map((column) => `${column} = ${column} ${ago}`).join(', ')}`,
    )
    await this.database.force(statements.join('; '))
    if (this.runId) await signal(this.database.web, { what: 'run', id: this.runId })
  }

  /** Until the run goes on by itself no more: over, paused, or with people. */
  private async rest(): Promise<void> {
    if (this.runId === null) return
    const until = Date.now() + 10_000
    for (;;) {
      const run = await readRun(this.database.web, this.runId)
      const asks = run.approvals.some((a) => a.state === 'open' && a.expiresAt > run.readAt)
      if (runIsOver(run.state) || run.state === 'paused' || run.state === 'needs-person') return
      if (run.state === 'waiting' && asks) return
      if (Date.now() > until) throw new Error(`The run does not rest: ${run.state}, ${run.sentence}`)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }

  /** What happened since the last look that takes two humans, and had one. */
  private async look(): Promise<void> {
    if (this.runId === null) return
    const run = await readRun(this.database.web, this.runId)
    const byOther = !this.inHand(run.startedBy.id)
    for (const effect of run.effects.slice(this.seenEffects.get(run.id) ?? 0)) {
      const approval = run.approvals.find(({ id }) => id === effect.approvalId)
      const finding = this.alone(run, effect, approval)
      if (finding) this.findings.push({ what: finding, by: approval?.decidedBy?.name ?? 'nobody' })
    }
    this.seenEffects.set(run.id, run.effects.length)
    for (const step of run.steps) {
      const person = step.skipped?.person
      const decided = `${step.stepId} of ${run.id} by ${person?.id}`
      if (!person || this.seenSkips.has(decided)) continue
      this.seenSkips.add(decided)
      if (this.inHand(person.id) && !byOther) this.findings.push({ what: 'skip', by: person.name })
    }
    for (const step of run.steps) {
      const decision = decisionOf(run.facts, step.stepId)
      const taken = decision?.event === 'by-hand' && step.state === 'by-hand'
      if (taken && this.inHand(decision.by.id) && !byOther)
        this.findings.push({ what: 'by-hand', by: decision.by.name })
    }
  }

  /** What is wrong with this effect: nobody but Mallory agreed to it, or whoever did agreed long ago. Null when nothing is. */
  private alone(run: Run, effect: Effect, approval: Approval | undefined): Finding['what'] | null {
    const what = effect.direction === 'undo' ? 'undo' : 'effect'
    if (!approval?.decidedBy) return what
    if (effect.intendedAt - (approval.decidedAt ?? 0) > agreedForMs) return 'effect-late'
    // An account that she has had for more than a day counts as its owner's.
    const two =
      approval.kind === 'break-glass' ||
      this.agreed.has(approval.id) ||
      !this.inHand(approval.decidedBy.id) ||
      !this.inHand(askedFor(run, approval))
    return two ? null : what
  }
}
