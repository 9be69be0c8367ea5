'use client'

import { QueryClientProvider } from '@tanstack/react-query'
import { CircleAlert } from 'lucide-react'
import { type FormEvent, useRef, useState } from 'react'
import { Button } from '@/components/ui/button'
import { useAction } from '@/components/ui/use-action'
import { queryClient } from '@/lib/queries/client'
import type { ChoosePassword } from '@/lib/web/present/actions'

interface Choosing {
  next: string
  choose: ChoosePassword
}

export function ChoosePasswordForm(props: Choosing) {
  const [client] = useState(queryClient)
  return (
    <QueryClientProvider client={client}>
      <Form {...props} />
    </QueryClientProvider>
  )
}

function Form({ next, choose }: Choosing) {
  const { run, busy, error, fields } = useAction(choose)
  const [done, setDone] = useState(false)
  const [differs, setDiffers] = useState(false)
  const password = useRef<HTMLInputElement>(null)
  const again = useRef<HTMLInputElement>(null)

  async function submit(event: FormEvent) {
    event.preventDefault()
    const chosen = password.current?.value ?? ''
    const same = chosen === (again.current?.value ?? '')
    setDiffers(!same)
    if (!same) return again.current?.select()
    if (!(await run({ password: chosen }))) return password.current?.select()
    setDone(true) // stays busy until the next page is there
    window.location.assign(next)
  }

  return (
    <>
      <p className="sign-in-problem" role="alert" hidden={!error || fields.password !== undefined}>
        <CircleAlert aria-hidden />
        <span>{error}</span>
      </p>
      <section className="sign-in-panel" aria-labelledby="choose">
        <h2 id="choose">Choose your own password</h2>
        <p className="sign-in-hint">
          An admin set the one-time password that you used. Choose your own password to continue.
        </p>
        <form method="post" onSubmit={submit} noValidate>
          <label htmlFor="password">New password, at least 12 characters</label>
          <input
            ref={password}
            id="password"
            type="password"
            autoComplete="new-password"
            aria-invalid={fields.password !== undefined}
            aria-describedby={fields.password ? 'password-problem' : undefined}
          />
          {fields.password && (
            <p className="sign-in-field-problem" id="password-problem">
              {fields.password.join(' ')}
            </p>
          )}
          <label htmlFor="again">Repeat the password</label>
          <input
            ref={again}
            id="again"
            type="password"
            autoComplete="new-password"
            aria-invalid={differs}
            aria-describedby={differs ? 'again-problem' : undefined}
          />
          {differs && (
            <p className="sign-in-field-problem" id="again-problem">
              The two passwords differ.
            </p>
          )}
          <Button type="submit" look="go" className="sign-in-wide" disabled={busy || done} aria-busy={busy || done}>
            Save and continue
          </Button>
        </form>
      </section>
    </>
  )
}
