import { Client } from 'pg'
import { expect, vi } from 'vitest'
import { startRun } from '../../commands/run/start-run'
import { stopRun } from '../../commands/run/steer'
import type { Run } from '../../domain/run/run'
import type { RunState } from '../../domain/run/states'
import { readOutput } from '../../store/run-output'
import type { Scene } from './scene'

export type At = { host: string; port: number }

/** Where a run of a recovery comes to rest. */
export const ended: RunState[] = ['done', 'needs-person', 'aborted', 'stopped']

/** What tests of a recovery into a copy do besides the product: SQL over connections of their own, and people's part of a run. */
export function recoveryIn(scene: Scene, slug = 'point-in-time-recovery') {
  const { cluster } = scene.lab.lab.context

  async function sql<T extends object>(address: At, text: string): Promise<T[]> {
    const { databaseName: database, masterUsername: user } = cluster
    const client = new Client({ ...address, database, user, password: scene.lab.lab.secrets.adminPassword })
    client.on('error', () => {})
    await client.connect()
    try {
      return (await client.query<T>(text)).rows
    } finally {
      await client.end()
    }
  }
  const count = async (address: At, from: string): Promise<number> =>
    Number((await sql<{ n: string }>(address, `SELECT count(*) AS n FROM ${from}`))[0]?.n)

  async function said(id: string): Promise<string> {
    return (await readOutput(scene.store, scene.environment.name, id, 0))
      .map((line) => `${line.at % 1_000_000} ${line.stepId}: ${line.kind}: ${line.text}`)
      .join('\n')
  }
  /** Approves what waits, and sees the run go on. */
  async function approveNow(id: string): Promise<void> {
    await scene.approveOpen(id, await scene.as('approver'))
    await scene.reaches(id, ['running', ...ended], 30_000)
  }

  async function start(inputs: Record<string, unknown>): Promise<string> {
    const { id } = await startRun(
      await scene.as('responder'),
      scene.environment,
      {
        slug,
        mode: 'drill',
        reason: 'A rehearsal of a recovery',
        inputs,
      },
      scene.snapshot(),
    )
    return id
  }

  return {
    sql,
    count,
    said,
    approveNow,
    /** A moment of a server's own clock that lies after everything committed so far, and before anything that comes. */
    async momentOn(address: At): Promise<number> {
      const [row] = await sql<{ at: string }>(address, 'SELECT extract(epoch FROM clock_timestamp()) * 1000 AS at')
      return Math.ceil(Number(row?.at)) + 1
    },
    /** As the picture on which the form is checked shows it. */
    archivedBeyond: (at: number) =>
      vi.waitFor(() => expect(scene.snapshot()?.backups.value?.latestRestorableAt ?? 0).toBeGreaterThan(at), {
        timeout: 120_000,
        interval: 200,
      }),
    start,
    /** Starts, and starts again while a slow machine keeps the prerequisites from being looked at; answers where it then is. */
    async begin(inputs: Record<string, unknown>): Promise<Run> {
      let run: Run | null = null
      await vi.waitFor(
        async () => {
          expect(scene.snapshot()?.backups.value?.latestRestorableAt).toBeTypeOf('number')
          run = await scene.reaches(await start(inputs), ['waiting', ...ended], 90_000)
          if (run.state === 'aborted') expect(run.sentence).not.toContain('Could not be determined')
        },
        { timeout: 200_000, interval: 500 },
      )
      if (!run) throw new Error('no run was started')
      return run
    },
    /** Waits until the run asks. Throws with what it says when it rests instead. */
    async asks(id: string, limitMs = 200_000): Promise<Run> {
      const run = await scene.reaches(id, ['waiting', ...ended], limitMs)
      expect(run.state, `${run.sentence}\n${await said(id)}`).toBe('waiting')
      return run
    },
    /** Approves whatever waits until the run rests. */
    async approveUntil(id: string, limitMs = 200_000): Promise<Run> {
      for (;;) {
        const run = await scene.reaches(id, ['waiting', ...ended], limitMs)
        if (run.state !== 'waiting') return run
        await approveNow(id)
      }
    },
    async stop(id: string): Promise<void> {
      await stopRun(await scene.as('responder'), { runId: id, reason: 'The test has seen what it wanted.' })
      await scene.reaches(id, ['stopped', 'aborted', 'done'], 30_000)
    },
  }
}
