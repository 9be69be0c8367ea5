'use client'

import { UserPlus } from 'lucide-react'
import { type FormEvent, useId, useRef, useState } from 'react'
import { type Account, labPeople, type SessionView } from '../../lib/domain/people/account'
import { roleSummaries, roles } from '../../lib/domain/people/permissions'
import type { PeopleActions } from '../../lib/web/present/actions'
import { Button } from '../ui/button'
import { Panel } from '../ui/panel'
import { Sheet } from '../ui/sheet'
import { useAction } from '../ui/use-action'
import { ConfirmIt } from './confirm'
import { Field } from './field'
import './people.css'

/** Everybody who may sign in, for admins. */
export function People({
  people,
  sessions,
  me,
  singleSignOn,
  actions,
}: {
  people: Account[]
  sessions: SessionView[]
  me: string
  /** What the provider is called; null when there is none. */
  singleSignOn: string | null
  actions: PeopleActions
}) {
  const [adding, setAdding] = useState(false)
  return (
    <Panel
      anchor="people"
      title="People and roles"
      aside={
        <Button size="s" onClick={() => setAdding(true)}>
          <UserPlus aria-hidden />
          Add a person
        </Button>
      }
    >
      <div className="overflow-x-auto">
        <table className="people-table">
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col">Signs in with</th>
              <th scope="col">Role</th>
              <th scope="col">Sessions</th>
              <th scope="col">
                <span className="sr-only">Acts</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {people.map((person) => (
              <PersonRow
                key={person.id}
                person={person}
                sessions={sessions.filter((session) => session.accountId === person.id).length}
                own={person.id === me}
                singleSignOn={singleSignOn}
                actions={actions}
              />
            ))}
          </tbody>
        </table>
      </div>
      <Sheet open={adding} onOpenChange={setAdding} title="Add a person">
        <AddPerson add={actions.addPerson} done={() => setAdding(false)} />
      </Sheet>
    </Panel>
  )
}

function signsInWith(person: Account): string {
  const ways = [
    person.hasPassword && (person.passwordOnce ? 'a one-time password' : 'password'),
    person.hasSingleSignOn && 'single sign-on',
    labPeople.some(({ login }) => login === person.login) && 'one click in the lab',
  ].filter(Boolean)
  return ways.join(', ') || 'nothing yet'
}

function PersonRow({
  person,
  sessions,
  own,
  singleSignOn,
  actions,
}: {
  person: Account
  sessions: number
  own: boolean
  singleSignOn: string | null
  actions: PeopleActions
}) {
  const role = useAction(actions.changeRole)
  const disabled = useAction(actions.setDisabled)
  const ending = useAction(actions.endSessions)
  const disconnecting = useAction(actions.disconnectIdentity)
  const [asking, setAsking] = useState<'password' | 'identity' | null>(null)
  const all = [role, disabled, ending, disconnecting]
  const off = all.some(({ busy }) => busy)
  const confirming = all.find((action) => action.confirming)
  const error = confirming ? null : all.find((action) => action.error)?.error
  const isDisabled = person.disabledAt !== null
  return (
    <tr data-disabled={isDisabled || undefined}>
      <td>
        <div className="font-medium">{person.name}</div>
        <div className="mono text-12 text-text-3">{person.login}</div>
        {error && (
          <p role="alert" className="people-problem">
            {error}
          </p>
        )}
        {confirming && <ConfirmIt action={confirming} />}
      </td>
      <td data-label="Signs in with">{isDisabled ? 'disabled' : signsInWith(person)}</td>
      <td data-label="Role">
        <select
          className="people-input"
          aria-label={`Role of ${person.name}`}
          title={roleSummaries[person.role]}
          value={person.role}
          disabled={off}
          onChange={(event) => {
            const to = roles.find((role) => role === event.target.value)
            if (to) void role.run({ accountId: person.id, from: person.role, to })
          }}
        >
          {roles.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </td>
      <td className="num" data-label="Sessions">
        {sessions}
      </td>
      <td>
        <div className="people-acts">
          {!own && sessions > 0 && (
            <Button size="s" disabled={off} onClick={() => ending.run({ accountId: person.id })}>
              Sign out everywhere
            </Button>
          )}
          {!own && (
            <Button size="s" disabled={off} onClick={() => setAsking('password')}>
              Set password
            </Button>
          )}
          {singleSignOn &&
            (person.hasSingleSignOn ? (
              <Button size="s" disabled={off} onClick={() => disconnecting.run({ accountId: person.id })}>
                Disconnect {singleSignOn}
              </Button>
            ) : (
              <Button size="s" disabled={off} onClick={() => setAsking('identity')}>
                Connect {singleSignOn}
              </Button>
            ))}
          {!own && (
            <Button
              size="s"
              look={isDisabled ? undefined : 'ghost'}
              disabled={off}
              onClick={() => disabled.run({ accountId: person.id, disabled: !isDisabled })}
            >
              {isDisabled ? 'Enable' : 'Disable'}
            </Button>
          )}
        </div>
        <Sheet
          open={asking === 'password'}
          onOpenChange={() => setAsking(null)}
          title={`New password for ${person.name}`}
        >
          <SetPassword accountId={person.id} set={actions.setPassword} done={() => setAsking(null)} />
        </Sheet>
        <Sheet
          open={asking === 'identity'}
          onOpenChange={() => setAsking(null)}
          title={`Connect ${person.name} to ${singleSignOn ?? 'single sign-on'}`}
        >
          <Connect accountId={person.id} connect={actions.connectIdentity} done={() => setAsking(null)} />
        </Sheet>
      </td>
    </tr>
  )
}

function SetPassword({
  accountId,
  set,
  done,
}: {
  accountId: string
  set: PeopleActions['setPassword']
  done: () => void
}) {
  const act = useAction(set)
  const { run, busy, error, fields } = act
  const input = useRef<HTMLInputElement>(null)
  async function submit(event: FormEvent) {
    event.preventDefault()
    if (await run({ accountId, password: input.current?.value ?? '' })) done()
  }
  return (
    <form className="grid grid-cols-1 gap-4" onSubmit={submit}>
      <Field
        ref={input}
        label="One-time password, at least 12 characters"
        type="password"
        autoComplete="new-password"
        problems={fields.password}
      />
      <p className="text-12 text-text-2">
        They choose their own password next. For 24 h you cannot approve each other’s runs.
      </p>
      {act.confirming ? <ConfirmIt action={act} /> : error && <p role="alert">{error}</p>}
      <Button type="submit" look="go" disabled={busy}>
        Set the password and sign them out
      </Button>
    </form>
  )
}

function Connect({
  accountId,
  connect,
  done,
}: {
  accountId: string
  connect: PeopleActions['connectIdentity']
  done: () => void
}) {
  const act = useAction(connect)
  const input = useRef<HTMLInputElement>(null)
  async function submit(event: FormEvent) {
    event.preventDefault()
    if (await act.run({ accountId, subject: input.current?.value ?? '' })) done()
  }
  return (
    <form className="grid grid-cols-1 gap-4" onSubmit={submit}>
      <Field ref={input} label="Subject" autoComplete="off" spellCheck={false} problems={act.fields.subject} />
      <p className="text-12 text-text-2">
        The provider’s own name for the person. The record contains it when single sign-on was refused.
      </p>
      {act.confirming ? <ConfirmIt action={act} /> : act.error && <p role="alert">{act.error}</p>}
      <Button type="submit" look="go" disabled={act.busy}>
        Connect and sign them out
      </Button>
    </form>
  )
}

function AddPerson({ add, done }: { add: PeopleActions['addPerson']; done: () => void }) {
  const act = useAction(add)
  const { run, busy, error, fields } = act
  const form = useRef<HTMLFormElement>(null)
  const roleId = useId()
  async function submit(event: FormEvent) {
    event.preventDefault()
    const data = new FormData(form.current ?? undefined)
    const text = (name: string) => String(data.get(name) ?? '')
    const role = roles.find((role) => role === data.get('role')) ?? 'responder'
    if (await run({ name: text('name'), login: text('login'), role, password: text('password') })) done()
  }
  return (
    <form ref={form} className="grid grid-cols-1 gap-4" onSubmit={submit} noValidate>
      <Field label="Name" name="name" autoComplete="off" problems={fields.name} />
      <Field
        label="E-mail address or login"
        name="login"
        autoComplete="off"
        spellCheck={false}
        problems={fields.login}
      />
      <div className="people-field">
        <label htmlFor={roleId}>Role</label>
        <select id={roleId} name="role" className="people-input" defaultValue="responder">
          {roles.map((role) => (
            <option key={role} value={role}>
              {role}: {roleSummaries[role]}
            </option>
          ))}
        </select>
      </div>
      <Field
        label="One-time password, at least 12 characters (empty: single sign-on only)"
        name="password"
        type="password"
        autoComplete="new-password"
        problems={fields.password}
      />
      {act.confirming ? <ConfirmIt action={act} /> : error && <p role="alert">{error}</p>}
      <Button type="submit" look="go" disabled={busy}>
        Add this person
      </Button>
    </form>
  )
}
