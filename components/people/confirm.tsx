'use client'

import { createContext, type ReactNode, useContext, useEffect, useId, useRef, useState } from 'react'
import type { StepUpWay } from '../../lib/domain/people/step-up'
import { postForm } from '../../lib/queries/sign-in'
import type { ConfirmActions } from '../../lib/web/present/actions'
import { Button } from '../ui/button'
import { Refusal } from '../ui/refusal'
import { useAction } from '../ui/use-action'
import { Field } from './field'

export interface Confirmation {
  /** Who is to confirm. */
  name: string
  ways: StepUpWay[]
  /** What the provider of single sign-on is called. */
  singleSignOn: string | null
  actions: ConfirmActions
}

const Known = createContext<Confirmation | null>(null)

/** Tells every dialog below how the person who looks can confirm who they are. */
export function Confirms({ value, children }: { value: Confirmation; children: ReactNode }) {
  return <Known.Provider value={value}>{children}</Known.Provider>
}

/** The page that single sign-on comes back to says so here. */
export const confirmedChannel = 'warroom-confirmed'

/**
 * Asks whoever acts to confirm that it is them, right where they act; what they typed stays. Shown while the action waits for it.
 */
export function ConfirmIt({ action }: { action: Pick<ReturnType<typeof useAction>, 'confirming'> }) {
  return action.confirming && <Asking go={action.confirming} />
}

function Asking({ go }: { go: (confirmed: boolean) => void }) {
  const known = useContext(Known)
  const title = useId()
  return (
    <section
      className="flex flex-col gap-2 rounded-lg border border-line-3 bg-surface-2 p-3"
      aria-labelledby={title}
      data-confirm
    >
      <div className="flex items-center">
        <h3 id={title} className="font-[550] text-13">
          Confirm that it is you
        </h3>
        <span className="grow" />
        <Button look="ghost" size="s" onClick={() => go(false)}>
          Cancel
        </Button>
      </div>
      <p className="text-12 text-text-2">This needs a sign-in within the last 5 minutes. What you entered is kept.</p>
      {known?.ways.map((way) => (
        <Way key={way} way={way} known={known} onConfirmed={() => go(true)} />
      ))}
      {!known?.ways.length && (
        <p role="alert" className="text-state-problem">
          You cannot confirm here. Sign out and sign in again.
        </p>
      )}
    </section>
  )
}

function Way({ way, known, onConfirmed }: { way: StepUpWay; known: Confirmation; onConfirmed: () => void }) {
  switch (way) {
    case 'lab':
      return <ByClick known={known} onConfirmed={onConfirmed} />
    case 'password':
      return <ByPassword known={known} onConfirmed={onConfirmed} />
    case 'single-sign-on':
      return <BySingleSignOn name={known.singleSignOn ?? 'single sign-on'} onConfirmed={onConfirmed} />
  }
}

function ByClick({ known, onConfirmed }: { known: Confirmation; onConfirmed: () => void }) {
  const { run, busy, error } = useAction(known.actions.lab)
  return (
    <div className="flex flex-col items-start gap-1">
      <Button
        look="go"
        // As the password has it: the person has just asked for something that needs it.
        autoFocus
        disabled={busy}
        onClick={async () => {
          if (await run({})) onConfirmed()
        }}
      >
        Confirm as {known.name}
      </Button>
      <Refusal why={error} />
    </div>
  )
}

function ByPassword({ known, onConfirmed }: { known: Confirmation; onConfirmed: () => void }) {
  const { run, busy, error, fields } = useAction(known.actions.password)
  const input = useRef<HTMLInputElement>(null)
  // The person has just asked for something that needs it.
  useEffect(() => input.current?.focus(), [])
  async function confirm() {
    if (await run({ password: input.current?.value ?? '' })) onConfirmed()
    else input.current?.select()
  }
  // Not a form: it may be shown inside one.
  return (
    <div className="flex flex-wrap items-start gap-2">
      <Field
        ref={input}
        label={`Password of ${known.name}`}
        type="password"
        autoComplete="current-password"
        problems={fields.password ?? (error ? [error] : undefined)}
        onKeyDown={(event) => {
          if (event.key !== 'Enter') return
          event.preventDefault()
          void confirm()
        }}
      />
      <Button look="go" className="mt-5" disabled={busy} onClick={() => void confirm()}>
        Confirm
      </Button>
    </div>
  )
}

/** In a window of its own, so that nothing that was entered on this page is lost. */
function BySingleSignOn({ name, onConfirmed }: { name: string; onConfirmed: () => void }) {
  const [error, setError] = useState<string | null>(null)
  const latest = useRef(onConfirmed)
  useEffect(() => {
    latest.current = onConfirmed
  })
  useEffect(() => {
    const channel = new BroadcastChannel(confirmedChannel)
    channel.onmessage = ({ data }: MessageEvent<{ error: string | null }>) =>
      data.error === null ? latest.current() : setError(data.error)
    return () => channel.close()
  }, [])
  async function open() {
    setError(null)
    // Opened within the click; browsers block windows that come later.
    const opened = window.open('about:blank', '_blank', 'popup,width=520,height=720')
    if (!opened) return setError('The browser blocked the window. Allow pop-ups for this page and try again.')
    try {
      const there = await postForm('/api/auth/signin/oidc?prompt=login&max_age=0', { callbackUrl: '/confirmed' })
      opened.location.href = there.href
    } catch {
      opened.close()
      setError('The War Room did not respond. Try again.')
    }
  }
  return (
    <div className="flex flex-col items-start gap-1">
      {/* Where a password is asked as well, that has the keyboard. */}
      <Button autoFocus onClick={() => void open()}>
        Confirm with {name}
      </Button>
      <Refusal why={error} />
    </div>
  )
}
