'use client'

import { useQuery } from '@tanstack/react-query'
import { useId, useState } from 'react'
import type { RunView } from '../../lib/domain/run/view'
import { serverNow } from '../../lib/queries/clock'
import { incidentQuery } from '../../lib/queries/incident'
import type { IncidentActions } from '../../lib/web/present/actions'
import { Button } from '../ui/button'
import { Refusal } from '../ui/refusal'
import { toast } from '../ui/toast'
import { useAction } from '../ui/use-action'

/** Within this time the person is expected to have decided. */
const boxMs = 5 * 60_000

/**
 * Hands the decision to somebody: a task of the incident with their name and five minutes. The run stays where it is, and
 * anybody with the right may still decide.
 */
export function HandOver({ run, step, addTask }: { run: RunView; step: string; addTask: IncidentActions['addTask'] }) {
  const number = run.incidentNumber ?? 0
  const { data } = useQuery({ ...incidentQuery(number), enabled: number > 0 })
  const [to, setTo] = useState('')
  const { run: add, busy, error } = useAction(addTask)
  const id = useId()
  if (!data) return null
  return (
    <form
      className="flex flex-wrap items-center gap-2 text-12 text-text-2"
      onSubmit={async (event) => {
        event.preventDefault()
        const person = data.people.find((p) => p.id === to)
        const title = `Decide how “${run.title}” continues after “${step}”`
        if (!person || !(await add({ number, title, assigneeId: person.id, dueAt: serverNow() + boxMs }))) return
        toast(`${person.name} has it as a task of the incident`)
        setTo('')
      }}
    >
      <label htmlFor={id}>Or hand the decision to</label>
      <select id={id} className="field-s" value={to} onChange={(event) => setTo(event.target.value)}>
        <option value="">somebody</option>
        {data.people.map((person) => (
          <option key={person.id} value={person.id}>
            {person.name}
          </option>
        ))}
      </select>
      <Button type="submit" size="s" disabled={!to || busy}>
        Hand over
      </Button>
      <Refusal why={error} />
    </form>
  )
}
