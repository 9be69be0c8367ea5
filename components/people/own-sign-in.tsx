'use client'

import { KeyRound } from 'lucide-react'
import { type FormEvent, useRef, useState } from 'react'
import type { ActionResult } from '../../lib/domain/errors'
import { utcWords } from '../../lib/domain/units'
import type { OwnSignInActions, SetPassword } from '../../lib/web/present/actions'
import { Button } from '../ui/button'
import { Panel } from '../ui/panel'
import { Sheet } from '../ui/sheet'
import { useAction } from '../ui/use-action'
import { ConfirmIt } from './confirm'
import { Field } from './field'
import './people.css'

interface OwnPasskey {
  id: string
  name: string
  createdAt: number
  fingerprint: string
  line: string
}

/** One's own password and passkeys. */
export function OwnSignIn({
  accountId,
  hasPassword,
  passkeys,
  actions,
}: {
  accountId: string
  hasPassword: boolean
  /** Null where passkeys are not set up. */
  passkeys: OwnPasskey[] | null
  actions: OwnSignInActions
}) {
  const [asking, setAsking] = useState<'password' | 'passkey' | null>(null)
  const close = () => setAsking(null)
  return (
    <Panel anchor="own-sign-in" title="Your password and passkeys">
      <div className="flex flex-wrap gap-2 px-4 pb-3">
        <Button size="s" onClick={() => setAsking('password')}>
          {hasPassword ? 'Change password' : 'Set a password'}
        </Button>
        {passkeys && (
          <Button size="s" onClick={() => setAsking('passkey')}>
            <KeyRound aria-hidden />
            Register a passkey
          </Button>
        )}
      </div>
      {passkeys === null ? (
        <p className="px-4 pb-3 text-text-2">
          {hasPassword ? 'You have a password.' : 'You have no password.'} Passkeys are not set up here.
        </p>
      ) : passkeys.length === 0 ? (
        <p className="px-4 pb-3 text-text-2">
          You have no passkey. Register one, then ask an operator to enrol it with the runner.
        </p>
      ) : (
        <ul>
          {passkeys.map((passkey) => (
            <Passkey key={passkey.id} passkey={passkey} remove={actions.removePasskey} />
          ))}
        </ul>
      )}
      <Sheet open={asking === 'password'} onOpenChange={close} title="Your password">
        <ChangePassword accountId={accountId} hasPassword={hasPassword} set={actions.setPassword} done={close} />
      </Sheet>
      <Sheet open={asking === 'passkey'} onOpenChange={close} title="Register a passkey">
        <RegisterPasskey begin={actions.beginPasskey} add={actions.addPasskey} done={close} />
      </Sheet>
    </Panel>
  )
}

function Passkey({ passkey, remove }: { passkey: OwnPasskey; remove: OwnSignInActions['removePasskey'] }) {
  const act = useAction(remove)
  return (
    <li
      aria-label={passkey.name}
      className="grid grid-cols-[minmax(0,1fr)_auto] items-start gap-x-4 gap-y-1 border-line-1 border-t px-4 py-2.5"
    >
      <div className="min-w-0">
        <p className="break-words font-[550]">{passkey.name}</p>
        <p className="text-12 text-text-2">
          Registered <span className="num">{utcWords(passkey.createdAt)}</span>, fingerprint{' '}
          <span className="mono">{passkey.fingerprint}</span>
        </p>
        {act.confirming ? (
          <ConfirmIt action={act} />
        ) : (
          act.error && (
            <p role="alert" className="people-problem">
              {act.error}
            </p>
          )
        )}
        <details className="text-12 text-text-2">
          <summary>For the operator of the runner</summary>
          <p className="mt-1">
            The runner accepts this passkey once it is enrolled. Compare the fingerprint by voice first.
          </p>
          <code className="mono mt-1 block select-all break-all rounded-md bg-inset p-2 text-text-1">
            npm run enrol -- {passkey.line}
          </code>
        </details>
      </div>
      <Button
        size="s"
        disabled={act.busy}
        aria-label={`Remove the passkey ${passkey.name}`}
        onClick={() => act.run({ id: passkey.id })}
      >
        Remove
      </Button>
    </li>
  )
}

function ChangePassword({
  accountId,
  hasPassword,
  set,
  done,
}: {
  accountId: string
  hasPassword: boolean
  set: SetPassword
  done: () => void
}) {
  const act = useAction(set)
  const current = useRef<HTMLInputElement>(null)
  const next = useRef<HTMLInputElement>(null)
  async function submit(event: FormEvent) {
    event.preventDefault()
    if (await act.run({ accountId, current: current.current?.value ?? '', password: next.current?.value ?? '' })) done()
  }
  return (
    <form className="grid grid-cols-1 gap-4" onSubmit={submit}>
      {hasPassword && (
        <Field
          ref={current}
          label="Present password"
          type="password"
          autoComplete="current-password"
          problems={act.fields.current}
        />
      )}
      <Field
        ref={next}
        label="New password, at least 12 characters"
        type="password"
        autoComplete="new-password"
        problems={act.fields.password}
      />
      {act.confirming ? <ConfirmIt action={act} /> : act.error && <p role="alert">{act.error}</p>}
      <Button type="submit" look="go" disabled={act.busy}>
        Save and sign out everywhere else
      </Button>
    </form>
  )
}

function RegisterPasskey({
  begin,
  add,
  done,
}: {
  begin: OwnSignInActions['beginPasskey']
  add: OwnSignInActions['addPasskey']
  done: () => void
}) {
  const name = useRef<HTMLInputElement>(null)
  const act = useAction(async (input: { name: string }): Promise<ActionResult<unknown>> => {
    const options = await begin({})
    if (!options.ok) return options
    try {
      const { startRegistration } = await import('@simplewebauthn/browser')
      const answer = await startRegistration({ optionsJSON: options.value })
      return await add({ ...input, answer })
    } catch (failure) {
      const message =
        (failure as Error).name === 'InvalidStateError'
          ? 'This device already has a passkey of yours.'
          : 'No passkey was created. Try again.'
      return { ok: false, error: { code: 'invalid', message, fields: null, retryAfterSeconds: null } }
    }
  })
  async function submit(event: FormEvent) {
    event.preventDefault()
    if (await act.run({ name: name.current?.value ?? '' })) done()
  }
  return (
    <form className="grid grid-cols-1 gap-4" onSubmit={submit}>
      <Field ref={name} label="Name, such as the device" autoComplete="off" maxLength={60} problems={act.fields.name} />
      {act.confirming ? <ConfirmIt action={act} /> : act.error && <p role="alert">{act.error}</p>}
      <Button type="submit" look="go" disabled={act.busy}>
        Register a passkey of this device or a key
      </Button>
    </form>
  )
}
