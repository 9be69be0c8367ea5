'use client'

import { Check } from 'lucide-react'
import { useState } from 'react'
import type { TaskView } from '../../lib/domain/incident/view'
import { serverNow, useNowSelect } from '../../lib/queries/clock'
import { formatClock } from '../../lib/web/present/format'
import { Button } from '../ui/button'
import { Panel } from '../ui/panel'
import { Refusal } from '../ui/refusal'
import { useAction } from '../ui/use-action'
import type { PartProps } from './part'

/** Who looks into what, and by when they are back. */
export function Tasks({ incident, actions, onDone }: PartProps) {
  const { number } = incident
  const [title, setTitle] = useState('')
  const [who, setWho] = useState(incident.me.id)
  const [minutes, setMinutes] = useState('10')
  const add = useAction(actions.addTask)
  const finish = useAction(actions.finishTask)
  const open = incident.tasks.filter((task) => task.doneAt === null)
  const error = add.error ?? finish.error
  return (
    <Panel
      anchor="tasks"
      title="Tasks"
      aside={open.length > 0 && <span className="num text-12 text-text-3">{open.length} open</span>}
    >
      <ul className="px-4">
        {open.map((task) => (
          <li key={task.id} className="flex items-center gap-2 py-1">
            <Button
              size="s"
              iconOnly
              aria-label={`Done: ${task.title}`}
              disabled={finish.busy || !incident.rights.write.allowed}
              onClick={async () => {
                if (await finish.run({ number, taskId: task.id })) onDone()
              }}
            >
              <Check aria-hidden />
            </Button>
            <span className="min-w-0 flex-1 text-12">
              <span className="block truncate" title={task.title}>
                {task.title}
              </span>
              <span className="block truncate text-11 text-text-3">{task.assignee?.name ?? 'Unassigned'}</span>
            </span>
            <Due task={task} />
          </li>
        ))}
      </ul>
      <form
        className="flex flex-wrap gap-1.5 px-4 pt-1 pb-3"
        onSubmit={async (event) => {
          event.preventDefault()
          const box = Number(minutes)
          const dueAt = box > 0 ? serverNow() + box * 60_000 : null
          if (await add.run({ number, title, assigneeId: who || null, dueAt })) {
            setTitle('')
            onDone()
          }
        }}
      >
        <input
          className="incident-input s basis-full"
          aria-label="New task"
          placeholder="Describe the task"
          value={title}
          disabled={!incident.rights.write.allowed}
          onChange={(event) => setTitle(event.target.value)}
        />
        <select
          className="incident-input s min-w-0 flex-1"
          aria-label="Assignee"
          value={who}
          onChange={(event) => setWho(event.target.value)}
        >
          {incident.people.map((person) => (
            <option key={person.id} value={person.id}>
              {person.name}
            </option>
          ))}
        </select>
        <select
          className="incident-input s"
          aria-label="Report back in"
          value={minutes}
          onChange={(event) => setMinutes(event.target.value)}
        >
          {['3', '5', '10', '20', '30'].map((box) => (
            <option key={box} value={box}>
              {box} min
            </option>
          ))}
        </select>
        <Button type="submit" size="s" disabled={add.busy || title.trim() === ''}>
          Add
        </Button>
        <Refusal why={error} className="basis-full" />
      </form>
    </Panel>
  )
}

function Due({ task }: { task: TaskView }) {
  const left = useNowSelect(
    (now) => (task.dueAt === null || now === 0 ? null : Math.floor((task.dueAt - now) / 1000)),
    null,
  )
  if (left === null) return null
  return (
    <span className={`num text-12 ${left < 0 ? 'text-state-waiting' : 'text-text-2'}`}>
      {left < 0 ? `late ${formatClock(-left * 1000)}` : formatClock(left * 1000)}
    </span>
  )
}
