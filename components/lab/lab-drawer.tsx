'use client'

import { HeartPulse, Zap } from 'lucide-react'
import { useEffect, useState } from 'react'
import type { ActionResult } from '../../lib/domain/errors'
import type { LabActions } from '../../lib/web/present/actions'
import { formatClock } from '../../lib/web/present/format'
import { groupFaults, type LabFaultShown, type LabFaults } from '../../lib/web/present/lab'
import { Since } from '../ui/age'
import { Button } from '../ui/button'
import { Skeleton } from '../ui/panel'
import { Sheet } from '../ui/sheet'
import { StateWord } from '../ui/state'
import { toast, toastError } from '../ui/toast'

type Answer = ActionResult<LabFaults>

export interface LabDrawerProps {
  actions: LabActions
  mayBreak: boolean
  open: boolean
  onOpenChange: (open: boolean) => void
  /** Told how many faults are active whenever that changes. */
  onActive: (count: number) => void
}

/** Another person, or the command line, may break or heal the same lab. */
const readEveryMs = 4000

/** What stands behind the lab's button: every fault with its target, its start and its healing. */
export default function LabDrawer({ actions, mayBreak, open, onOpenChange, onActive }: LabDrawerProps) {
  const [faults, setFaults] = useState<LabFaults | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  const [busy, setBusy] = useState<string | null>(null)
  const { read } = actions

  useEffect(() => {
    if (!open) return
    let here = true
    const look = async () => {
      const answer = await read({}).catch(() => null)
      if (!here) return
      if (answer?.ok) setFaults(answer.value)
      setProblem(answer?.ok ? null : (answer?.error.message ?? 'The War Room is not responding.'))
    }
    void look()
    const every = setInterval(() => void look(), readEveryMs)
    return () => {
      here = false
      clearInterval(every)
    }
  }, [open, read])

  const run = async (key: string, done: string, act: () => Promise<Answer>) => {
    setBusy(key)
    const answer = await act().catch(() => null)
    setBusy(null)
    if (answer?.ok) {
      setFaults(answer.value)
      toast(done)
    } else toastError(answer?.error.message ?? 'The War Room is not responding. Whether this was done is unknown.')
  }

  const active = faults?.filter((f) => f.active) ?? []
  const count = active.length
  useEffect(() => onActive(count), [count, onActive])
  return (
    <Sheet
      open={open}
      onOpenChange={onOpenChange}
      title="Lab faults"
      description="Injects real faults into the lab: processes, network and API. Nothing outside the lab is affected."
      aside={
        <Button
          size="s"
          look={active.length ? 'go' : undefined}
          disabled={!mayBreak || busy !== null}
          onClick={() => void run('all', 'All faults cleared', () => actions.heal({ fault: null }))}
        >
          <HeartPulse aria-hidden />
          {busy === 'all' ? 'Healing' : 'Clear all faults'}
        </Button>
      }
    >
      {problem && (
        <p role="alert" className="mb-3 rounded-2 border border-line-2 px-3 py-2 text-12">
          <StateWord state="problem" /> {problem}
        </p>
      )}
      {!mayBreak && <p className="mb-3 text-12 text-text-3">Your role can view the lab but not inject faults.</p>}
      {!faults && !problem && [0, 1, 2, 3].map((i) => <Skeleton key={i} width="100%" height={44} className="mb-2" />)}
      {groupFaults(faults ?? []).map(({ group, faults: list }) => (
        <section key={group} className="mb-4" aria-label={group}>
          <h3 className="label mb-1.5">{group}</h3>
          <ul className="flex flex-col">
            {list.map((fault) => (
              <FaultRow
                key={fault.id}
                fault={fault}
                disabled={!mayBreak || busy !== null}
                busy={busy === fault.id}
                onStart={(target, parameters) =>
                  void run(fault.id, `Started: ${fault.title}`, () =>
                    actions.start({ fault: fault.id, target, parameters }),
                  )
                }
                onHeal={() => void run(fault.id, `Healed: ${fault.title}`, () => actions.heal({ fault: fault.id }))}
              />
            ))}
          </ul>
        </section>
      ))}
    </Sheet>
  )
}

const field = 'h-6 rounded-1 border border-line-2 bg-inset px-1.5 text-12 text-text-1 min-w-0'

function FaultRow({
  fault,
  disabled,
  busy,
  onStart,
  onHeal,
}: {
  fault: LabFaultShown
  disabled: boolean
  busy: boolean
  onStart: (target: string | null, parameters: Record<string, string | number>) => void
  onHeal: () => void
}) {
  const [target, setTarget] = useState<string | null>(null)
  const [values, setValues] = useState<Record<string, string>>({})
  const chosen = fault.targets.some((t) => t.id === target) ? target : (fault.targets[0]?.id ?? null)
  const parameters = Object.fromEntries(
    fault.parameters.map((p) => {
      const value = values[p.name] ?? String(p.default)
      return [p.name, p.type === 'number' ? Number(value) : value]
    }),
  )
  return (
    <li className="border-line-1 border-t py-2">
      <div className="flex items-center gap-2">
        <span className="min-w-0 flex-1 font-medium text-12">{fault.title}</span>
        {fault.active ? (
          <>
            <StateWord state="problem" word="ACTIVE" />
            <span className="age">
              <Since at={fault.active.since} format={formatClock} />
            </span>
            <Button size="s" disabled={disabled} onClick={onHeal} aria-label={`Heal: ${fault.title}`}>
              <HeartPulse aria-hidden />
              {busy ? 'Healing' : 'Heal'}
            </Button>
          </>
        ) : (
          <Button
            size="s"
            disabled={disabled}
            onClick={() => onStart(chosen, parameters)}
            aria-label={`Start: ${fault.title}${chosen ? ` on ${chosen}` : ''}`}
          >
            <Zap aria-hidden />
            {busy ? 'Starting' : 'Start'}
          </Button>
        )}
      </div>
      {fault.active
        ? fault.active.target && <span className="mono text-11 text-text-3">{fault.active.target}</span>
        : (fault.targets.length > 0 || fault.parameters.length > 0) && (
            <div className="mt-1 flex flex-wrap items-center gap-2">
              {fault.targets.length > 1 ? (
                <select
                  className={field}
                  aria-label={`Target of: ${fault.title}`}
                  value={chosen ?? ''}
                  onChange={(event) => setTarget(event.target.value)}
                >
                  {fault.targets.map((t) => (
                    <option key={t.id} value={t.id}>
                      {t.title}
                    </option>
                  ))}
                </select>
              ) : (
                fault.targets[0] && <span className="mono text-11 text-text-3">{fault.targets[0].title}</span>
              )}
              {fault.parameters.map((p) => (
                <label key={p.name} className="flex items-center gap-1.5 text-11 text-text-3">
                  {p.title}
                  <input
                    className={`${field} w-20`}
                    type={p.type}
                    min={0}
                    value={values[p.name] ?? String(p.default)}
                    onChange={(event) => setValues({ ...values, [p.name]: event.target.value })}
                  />
                </label>
              ))}
            </div>
          )}
    </li>
  )
}
