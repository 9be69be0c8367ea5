/** Tests that need nothing, or a PostgreSQL. */
interface Suite {
  project: 'unit' | 'pg'
  /** Names of test files, or the beginnings of their paths. */
  files: string[]
}

/** A dangerous mistake that somebody could make: the suite must notice it. */
export interface PlantedFault {
  id: string
  /** What it breaks, in a sentence. */
  breaks: string
  file: string
  /** Stands exactly once in the file. */
  find: string
  replace: string
  /** The quick tests of this area: those that a person would run after such a change. */
  suite: Suite
}

const runs: Suite = {
  project: 'pg',
  files: ['lib/runner/killed-between', 'lib/runner/people-decide', 'lib/runner/another-way'],
}
/** The statements by themselves. */
const statements: Suite = { project: 'pg', files: ['lib/store/intent-and-outcome'] }
const runner: Suite = { project: 'unit', files: ['lib/runner/'] }
const procedures: Suite = { project: 'unit', files: ['lib/procedures/', 'lib/runner/'] }
const domain: Suite = { project: 'unit', files: ['lib/domain/', 'lib/commands/'] }
const rds: Suite = { project: 'unit', files: ['lib/adapters/rds/', 'lib/runner/'] }
const journal = 'prisma/migrations/20261123023000_leaner_journal/migration.sql'

export const plantedFaults: PlantedFault[] = [
  {
    id: 'intent-without-fence',
    breaks: 'A runner whose turn is over writes intents.',
    file: journal,
    find: "IF NOT FOUND THEN refused := 'stale-epoch'; RETURN; END IF;",
    replace: '',
    suite: statements,
  },
  {
    id: 'lease-epoch-not-checked',
    breaks: 'A runner that lost its turn and is named in the lease again writes under its old epoch.',
    file: journal,
    find: "AND epoch = p_epoch AND expires_at > clock_timestamp() FOR SHARE;\n  IF NOT FOUND THEN refused := 'stale-epoch'",
    replace: "AND expires_at > clock_timestamp() FOR SHARE;\n  IF NOT FOUND THEN refused := 'stale-epoch'",
    suite: statements,
  },
  {
    id: 'expired-lease-accepted',
    breaks: 'An intent is written after the lease has expired.',
    file: journal,
    find: "AND epoch = p_epoch AND expires_at > clock_timestamp() FOR SHARE;\n  IF NOT FOUND THEN refused := 'stale-epoch'",
    replace: "AND epoch = p_epoch FOR SHARE;\n  IF NOT FOUND THEN refused := 'stale-epoch'",
    suite: statements,
  },
  {
    id: 'outcome-moves-without-fence',
    breaks: 'A runner whose turn is over moves the step when it writes what it saw.',
    file: journal,
    find: 'AND expires_at > clock_timestamp() FOR SHARE;\n    IF FOUND THEN',
    replace: 'AND expires_at > clock_timestamp() FOR SHARE;\n    IF true THEN',
    suite: statements,
  },
  {
    id: 'outcome-written-twice',
    breaks: 'An outcome that is written is written over.',
    file: journal,
    find: 'WHERE id = p_id AND outcome IS NULL RETURNING',
    replace: 'WHERE id = p_id RETURNING',
    suite: statements,
  },
  {
    id: 'dangerous-without-approval',
    breaks: 'A dangerous effect is intended though nobody said yes.',
    file: journal,
    find: "IF v_approval IS NULL THEN refused := 'not-approved'; RETURN; END IF;",
    replace: '',
    suite: statements,
  },
  {
    id: 'approval-of-another-call',
    breaks: 'A yes covers another call than the one that was shown.',
    file: journal,
    find: "jsonb_build_object('stepId', p_step, 'digest', p_digest)",
    replace: "jsonb_build_object('stepId', p_step)",
    suite: statements,
  },
  {
    id: 'yes-of-the-starter-used',
    breaks: 'An effect is intended on a yes of whoever started the run.',
    file: journal,
    find: "\n      AND (NOT v_two OR decided_by_id <> v_starter OR kind = 'break-glass')",
    replace: '',
    suite: statements,
  },
  {
    id: 'yes-to-something-else-taken',
    breaks: 'The store takes a yes to something else than what is asked now.',
    file: 'lib/store/approval.ts',
    find: "state = 'open' AND digest = $7 AND",
    replace: "state = 'open' AND $7::text IS NOT NULL AND",
    suite: statements,
  },
  {
    id: 'starter-approves-in-the-store',
    breaks: 'The store lets the starter of a two-person run be its approver.',
    file: 'lib/store/approval.ts',
    find: 'OR r.started_by_id <> $4)',
    replace: 'OR true)',
    suite: statements,
  },
  {
    id: 'starter-approves',
    breaks: 'The command lets the starter approve.',
    file: 'lib/commands/run/decide.ts',
    find: 'if (run.twoPersons && run.startedBy.id === context.person.id)',
    replace: 'if (false)',
    suite: runs,
  },
  {
    id: 'digest-not-compared',
    breaks: 'A person approves something else than what is asked now.',
    file: 'lib/commands/run/decide.ts',
    find: 'if (approval.digest !== input.digest) throw',
    replace: 'if (false) throw',
    suite: runs,
  },
  {
    id: 'anybody-approves',
    breaks: 'Whoever may only look, may approve.',
    file: 'lib/commands/run/decide.ts',
    find: "authorise(context, 'approve')\n  const { run, approval }",
    replace: "authorise(context, 'view')\n  const { run, approval }",
    suite: runs,
  },
  {
    id: 'old-yes-accepted',
    breaks: 'A yes that is older than ten minutes lets the gate through.',
    file: 'lib/runner/check-step.ts',
    find: 'const expired = approval.usedAt === null && approval.expiresAt <= hand.run.readAt',
    replace: 'const expired = false',
    suite: runs,
  },
  {
    id: 'outgrown-yes-accepted',
    breaks: 'A yes holds though what was shown has changed since.',
    file: 'lib/runner/check-step.ts',
    find: 'if (!outgrown && !expired) {',
    replace: 'if (!expired) {',
    suite: runs,
  },
  {
    id: 'rights-not-looked-at-again',
    breaks: 'Who lost a right since the click is obeyed all the same.',
    file: 'lib/runner/check-step.ts',
    find: 'const refusal = guarded ?? (await refusedByRights(hand, step, call))',
    replace: 'const refusal = guarded',
    suite: runs,
  },
  {
    id: 'acts-without-looking',
    breaks: 'A step acts though what it wants is so already.',
    file: 'lib/runner/check-step.ts',
    find: "if (seen?.state === 'done' || !call) {",
    replace: 'if (!call) {',
    suite: runs,
  },
  {
    id: 'guard-not-asked',
    breaks: 'A step acts though its guard refuses.',
    file: 'lib/runner/check-step.ts',
    find: 'const guarded = (await definition.guard?.(world, ctx)) ?? null',
    replace: 'const guarded = null as string | Wait | null',
    suite: runs,
  },
  {
    id: 'dry-run-acts',
    breaks: 'A dry run goes on to the act.',
    file: 'lib/runner/check-step.ts',
    find: "if (run.mode === 'dry-run') return await rehearse",
    replace: 'if (false) return await rehearse',
    suite: runs,
  },
  {
    id: 'unknown-treated-as-rejected',
    breaks: 'A call whose answer was lost is taken for refused.',
    file: 'lib/runner/act-step.ts',
    find: "error instanceof PortError ? error.detail.outcome : 'unknown'",
    replace: "'rejected'",
    suite: runs,
  },
  {
    id: 'lost-runner-treated-as-refused',
    breaks: 'An intent that a lost runner left is taken for not sent, without a look.',
    file: 'lib/runner/act-step.ts',
    find: "stepState: 'unknown',",
    replace: "stepState: 'failed',",
    suite: runs,
  },
  {
    id: 'no-end-to-attempts',
    breaks: 'A step is tried without end.',
    file: 'lib/runner/act-step.ts',
    find: 'if (countedAttempts(run, step) >= attemptCap) {',
    replace: 'if (false) {',
    suite: runs,
  },
  {
    id: 'thawed-runner-sends',
    breaks: 'A runner that was frozen after its intent sends when it thaws.',
    file: 'lib/runner/effects.ts',
    find: 'if (!turn.holds()) throw new TurnOver()',
    replace: '',
    suite: runner,
  },
  {
    id: 'turn-without-end',
    breaks: 'A runner believes in its turn past the end of its lease.',
    file: 'lib/runner/turn.ts',
    find: ' && monotonic() < lease.heldUntil',
    replace: '',
    suite: runner,
  },
  {
    id: 'provisional-leader-acts',
    breaks: 'A leader that the store never confirmed acts.',
    file: 'lib/runner/turn.ts',
    find: ' && !lease.state.provisional',
    replace: '',
    suite: runner,
  },
  {
    id: 'hanging-pause-left',
    breaks: 'A PAUSE that hangs is left alone, and the clients reach the old writer.',
    file: 'lib/runner/effects.ts',
    find: "if (result === 'timed-out') await pooler.kill(call.database)",
    replace: '',
    suite: runner,
  },
  {
    id: 'verify-skipped',
    breaks: 'A step is confirmed whatever its proof says.',
    file: 'lib/runner/prove-step.ts',
    find: "if (look.state === 'proved' && agreed.looks >= (definition.agreeing ?? 1)) {",
    replace: 'if (agreed.looks >= 0) {',
    suite: runs,
  },
  {
    id: 'unknown-sent-again',
    breaks: 'A call whose answer was lost is sent again without a person.',
    file: 'lib/runner/prove-step.ts',
    find: "step.crashed ? 'settled' : 'unchanged'",
    replace: "'settled'",
    suite: runs,
  },
  {
    id: 'undo-without-right',
    breaks: 'Whoever lost the right has a step put back all the same.',
    file: 'lib/runner/undo-step.ts',
    find: '? await tools.authorise(decision.by, decision.permission)',
    replace: '? null',
    suite: runs,
  },
  {
    id: 'undo-without-journal',
    breaks: 'Putting back is sent without an intent.',
    file: 'lib/runner/undo-step.ts',
    find: 'if (intent.refused !== null) return await intentRefused(hand, step, intent.refused)',
    replace: '',
    suite: runs,
  },
  {
    id: 'changed-procedure-goes-on',
    breaks: 'A run goes on by steps that are not those it started with.',
    file: 'lib/runner/drive.ts',
    find: 'if (drifted && !busy) {',
    replace: 'if (false) {',
    suite: runs,
  },
  {
    id: 'stop-not-heard',
    breaks: 'A run that is asked to stop goes on.',
    file: 'lib/runner/drive.ts',
    find: "if (run.wish === 'stop' && !busy) return await stopHere(hand)",
    replace: '',
    suite: runs,
  },
  {
    id: 'fence-before-failover',
    breaks: 'The old writer is fenced before another takes over.',
    file: 'lib/procedures/primary-failover.ts',
    find: '    failOver,\n    fenceOldWriter(environment),',
    replace: '    fenceOldWriter(environment),\n    failOver,',
    suite: procedures,
  },
  {
    id: 'traffic-before-fence',
    breaks: 'Clients are let through before the old writer is fenced.',
    file: 'lib/procedures/primary-failover.ts',
    find: '    fenceOldWriter(environment),\n    ...(environment.pooler ? [switchPooler(environment)] : []),',
    replace: '    ...(environment.pooler ? [switchPooler(environment)] : []),\n    fenceOldWriter(environment),',
    suite: procedures,
  },
  {
    id: 'loss-not-guarded',
    breaks: 'A target that would lose more than was allowed is promoted.',
    file: 'lib/procedures/steps/fail-over.ts',
    find: 'if (loss?.known && loss.atLeast.seconds > ctx.inputs.maxLossSeconds) {',
    replace: 'if (false) {',
    suite: procedures,
  },
  {
    id: 'other-writer-taken-for-ours',
    breaks: 'Another reader that RDS promoted is taken for the target.',
    file: 'lib/procedures/steps/fail-over.ts',
    find: 'if (isWriter && named && target.id !== before.id)',
    replace: 'if (fleet.writerId !== before.id)',
    suite: procedures,
  },
  {
    id: 'changes-sent-again-by-the-sdk',
    breaks: 'The SDK repeats a change whose answer was lost.',
    file: 'lib/adapters/rds/index.ts',
    find: 'new Clients(settings, 1)',
    replace: 'new Clients(settings, 3)',
    suite: rds,
  },
  {
    id: 'server-fault-taken-for-no',
    breaks: 'A 500 to a change is taken for a refusal.',
    file: 'lib/adapters/rds/errors.ts',
    find: 'outcome: serverFault || !answered ? doubt',
    replace: 'outcome: !answered ? doubt',
    suite: rds,
  },
  {
    id: 'edited-record-believed',
    breaks: 'An entry of the record that was edited is not noticed.',
    file: 'lib/domain/record/chain.ts',
    find: '    if (entryHash(entry) !== entry.hash)\n      return { whole: false, at: n,',
    replace: '    if (false)\n      return { whole: false, at: n,',
    suite: { project: 'unit', files: ['lib/domain/', 'bin/verify'] },
  },
  {
    id: 'cut-record-believed',
    breaks: 'A record whose end was cut off is not noticed.',
    file: 'lib/domain/record/chain.ts',
    find: 'if (head && (head.n !== n || head.hash !== hash))',
    replace: 'if (false)',
    suite: domain,
  },
  {
    id: 'everybody-may-everything',
    breaks: 'Roles are not compared.',
    file: 'lib/domain/people/permissions.ts',
    find: 'return roles.indexOf(role) >= roles.indexOf(leastRole[permission])',
    replace: 'return roles.indexOf(role) >= 0 || permission === role',
    suite: domain,
  },
]
