/*
 * The wrapper of all server actions: what reaches a command, and what a person gets to read.
 */
import { describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import type { CommandContext } from '../commands/context'
import { ExpectedError, notSignedIn } from '../domain/errors'
import { log } from './log'
import { type ActionRequest, runAction } from './run-action'

const context = { person: { id: '1', name: 'Robin', role: 'responder' } } as CommandContext
const request = (over: Partial<ActionRequest> = {}): ActionRequest => ({
  origin: async () => ({ origin: 'https://war.example', host: 'war.example' }),
  siteUrl: 'https://war.example',
  context: async () => context,
  rethrow: () => {},
  ...over,
})
const schema = z.object({ title: z.string().min(3, 'Use at least 3 characters.') })

describe('a server action', () => {
  it('hands the checked input and the person to the command', async () => {
    const run = vi.fn(async (_: CommandContext, input: { title: string }) => input.title.length)
    expect(await runAction(request(), schema, run, { title: 'Fail over' })).toEqual({ ok: true, value: 9 })
    expect(run).toHaveBeenCalledExactlyOnceWith(context, { title: 'Fail over' })
  })

  it.each([null, 'null', 'https://evil.example'])(
    'refuses Origin %s before it looks at anything else',
    async (origin) => {
      const run = vi.fn()
      const asked = vi.fn(async () => context)
      const answer = await runAction(
        request({ origin: async () => ({ origin, host: 'war.example' }), context: asked }),
        schema,
        run,
        { title: 'Fail over' },
      )
      expect(answer).toMatchObject({ ok: false, error: { code: 'not-allowed' } })
      expect(asked).not.toHaveBeenCalled()
      expect(run).not.toHaveBeenCalled()
    },
  )

  it('refuses control characters at their fields, wherever they are, before a command sees anything', async () => {
    const run = vi.fn()
    const loose = z.object({ title: z.string() }).loose()
    const answer = await runAction(request(), loose, run, { title: 'a\u0000b', inputs: { why: ['ok', '\u001b[2J'] } })
    const says = ['This contains a control character. Remove it.']
    expect(answer).toMatchObject({
      ok: false,
      error: { code: 'invalid', fields: { title: says, 'inputs.why.1': says } },
    })
    expect(run).not.toHaveBeenCalled()
  })

  it('refuses people who are signed out, also with wrong input', async () => {
    const run = vi.fn()
    const answer = await runAction(
      request({
        context: async () => {
          throw notSignedIn()
        },
      }),
      schema,
      run,
      { title: 1 },
    )
    expect(answer).toMatchObject({ ok: false, error: { code: 'not-signed-in', fields: null } })
    expect(run).not.toHaveBeenCalled()
  })

  it('says at which field the input is wrong', async () => {
    expect(await runAction(request(), schema, async () => 1, { title: 'x' })).toMatchObject({
      ok: false,
      error: { code: 'invalid', fields: { title: ['Use at least 3 characters.'] } },
    })
  })

  it('passes on the sentence of an error that we mean', async () => {
    const answer = await runAction(
      request(),
      schema,
      async () => {
        throw new ExpectedError('conflict', 'Kai approved it already.')
      },
      { title: 'Fail over' },
    )
    expect(answer).toMatchObject({ ok: false, error: { code: 'conflict', message: 'Kai approved it already.' } })
  })

  it('keeps any other error for the log and shows its reference alone', async () => {
    const logged = vi.spyOn(log, 'error').mockImplementation(() => {})
    const answer = await runAction(
      request(),
      schema,
      async () => {
        throw new Error('password=hunter2 is wrong')
      },
      { title: 'Fail over' },
    )
    if (answer.ok || answer.error.code !== 'unexpected') throw new Error('expected an unexpected error')
    expect(answer.error.message).toContain(answer.error.reference)
    expect(JSON.stringify(answer)).not.toContain('hunter2')
    expect(logged.mock.calls[0]?.[0]).toMatchObject({ reference: answer.error.reference })
    logged.mockRestore()
  })

  it("lets the framework's own throws through", async () => {
    const redirect = new Error('NEXT_REDIRECT')
    const acting = runAction(
      request({
        rethrow: (error) => {
          if (error === redirect) throw error
        },
      }),
      schema,
      async () => {
        throw redirect
      },
      { title: 'Fail over' },
    )
    await expect(acting).rejects.toBe(redirect)
  })
})
