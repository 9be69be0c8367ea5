'use client'

import { ArrowRight, CircleAlert, LogIn } from 'lucide-react'
import { type FormEvent, useEffect, useRef, useState } from 'react'
import { Button } from '@/components/ui/button'
import { initials } from '@/lib/domain/text'
import { postForm } from '@/lib/queries/sign-in'
import { rememberZone } from '@/lib/web/present/first-reading'
import { loginSentence, sentenceFor } from './sentences'

type Busy = 'password' | 'single-sign-on' | string | null

export function SignInForm({
  next,
  firstError,
  storeAnswers,
  singleSignOn,
  labRoles,
}: {
  next: string
  firstError: string | null
  storeAnswers: boolean
  singleSignOn: string | null
  labRoles: { role: string; name: string; summary: string }[]
}) {
  const [busy, setBusy] = useState<Busy>(null)
  const [error, setError] = useState(firstError ? sentenceFor(firstError) : null)
  const [missing, setMissing] = useState<{ login?: string; password?: string }>({})
  const login = useRef<HTMLInputElement>(null)
  const password = useRef<HTMLInputElement>(null)
  // Until the page is ready a click would be lost, so the buttons say so.
  const [ready, setReady] = useState(false)
  useEffect(() => {
    rememberZone()
    setReady(true)
  }, [])

  async function attempt(what: Exclude<Busy, null>, path: string, fields: Record<string, string>, leave: boolean) {
    setBusy(what)
    setError(null)
    try {
      const answer = await postForm(path, fields)
      const refused = answer.searchParams.get('error')
      if (!refused) {
        window.location.assign(leave ? answer.href : next)
        return // stays busy until the next page is there
      }
      const atLogin = loginSentence(refused)
      if (atLogin) {
        setMissing({ login: atLogin })
        login.current?.focus()
      } else {
        setError(sentenceFor(refused))
        if (what === 'password') password.current?.select()
      }
    } catch {
      setError(sentenceFor('unreachable'))
    }
    setBusy(null)
  }

  function submit(event: FormEvent) {
    event.preventDefault()
    const fields = { login: login.current?.value ?? '', password: password.current?.value ?? '' }
    const lacks = {
      ...(fields.login.trim() ? {} : { login: 'Enter your e-mail address or login.' }),
      ...(fields.password ? {} : { password: 'Enter your password.' }),
    }
    setMissing(lacks)
    if (lacks.login) login.current?.focus()
    else if (lacks.password) password.current?.focus()
    else void attempt('password', '/api/auth/callback/password', fields, false)
  }

  const off = !ready || busy !== null
  return (
    <>
      {!storeAnswers && !error && (
        <p className="sign-in-problem" role="status">
          <CircleAlert aria-hidden />
          <span>{sentenceFor('store-unavailable')}</span>
        </p>
      )}
      <p className="sign-in-problem" role="alert" hidden={!error}>
        <CircleAlert aria-hidden />
        <span>{error}</span>
      </p>

      {labRoles.length > 0 && (
        <section className="sign-in-panel" aria-labelledby="lab-roles">
          <h2 id="lab-roles">Enter the lab</h2>
          <p className="sign-in-hint">A rehearsal environment: one click signs you in as any role.</p>
          <ul className="sign-in-roles">
            {labRoles.map(({ role, name, summary }) => (
              <li key={role}>
                <button
                  type="button"
                  disabled={off}
                  aria-busy={busy === role}
                  onClick={() => attempt(role, '/api/auth/callback/lab-role', { role }, false)}
                >
                  <span className="sign-in-avatar" aria-hidden>
                    {initials(name)}
                  </span>
                  <span className="sign-in-who">
                    <span>
                      {name}, {role}
                    </span>
                    <small>{summary}</small>
                  </span>
                  <ArrowRight aria-hidden />
                </button>
              </li>
            ))}
          </ul>
        </section>
      )}

      <section className="sign-in-panel" aria-labelledby="by-password">
        <h2 id="by-password">{labRoles.length > 0 ? 'Or with an account' : 'Sign in'}</h2>
        {singleSignOn && (
          <>
            <Button
              className="sign-in-wide"
              disabled={off}
              onClick={() => attempt('single-sign-on', '/api/auth/signin/oidc', { callbackUrl: next }, true)}
            >
              <LogIn aria-hidden />
              Continue with {singleSignOn}
            </Button>
            <p className="sign-in-or" aria-hidden>
              <span>or</span>
            </p>
          </>
        )}
        <form method="post" onSubmit={submit} noValidate>
          <label htmlFor="login">E-mail address or login</label>
          <input
            ref={login}
            id="login"
            name="login"
            type="text"
            autoComplete="username"
            autoCapitalize="none"
            spellCheck={false}
            aria-invalid={missing.login !== undefined}
            aria-describedby={missing.login ? 'login-problem' : undefined}
          />
          {missing.login && (
            <p className="sign-in-field-problem" id="login-problem">
              {missing.login}
            </p>
          )}
          <label htmlFor="password">Password</label>
          <input
            ref={password}
            id="password"
            name="password"
            type="password"
            autoComplete="current-password"
            aria-invalid={missing.password !== undefined}
            aria-describedby={missing.password ? 'password-problem' : undefined}
          />
          {missing.password && (
            <p className="sign-in-field-problem" id="password-problem">
              {missing.password}
            </p>
          )}
          <Button type="submit" look="go" className="sign-in-wide" disabled={off} aria-busy={busy === 'password'}>
            {busy === 'password' ? 'Signing in' : 'Sign in'}
          </Button>
        </form>
      </section>
    </>
  )
}
