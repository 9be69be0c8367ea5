'use client'

import { useQuery } from '@tanstack/react-query'
import { useCallback, useEffect, useState } from 'react'
import type { FieldErrors } from '../../lib/domain/errors'
import type { PreflightView } from '../../lib/domain/run/view'
import { serverNow } from '../../lib/queries/clock'
import { askPreflight, type PreflightInput, preflightQuery } from '../../lib/queries/run'
import { checkLooks } from '../../lib/web/present/run'
import { Age } from '../ui/age'
import { Panel } from '../ui/panel'
import { StateWord } from '../ui/state'

/** Pauses before a look: after the last key, after an answer, and after a look that came to nothing. */
const typingMs = 300
const againMs = 15_000
const failedMs = 3_000

interface Answered {
  key: string
  view: PreflightView
}

/**
 * The prerequisites of a start, looked at by a runner now, again when an input changes and every quarter of a minute
 * while the page is in sight. A question that comes to nothing is asked anew, so a lost one costs a moment.
 */
export function usePreflight(input: PreflightInput) {
  const key = JSON.stringify(input)
  const [asked, setAsked] = useState<{ key: string; id: string } | null>(null)
  const [answered, setAnswered] = useState<Answered | null>(null)
  const [refused, setRefused] = useState<{ message: string; fields: FieldErrors; againMs: number } | null>(null)
  const [round, setRound] = useState(0)
  const askNow = useCallback(async () => {
    try {
      const result = await askPreflight(JSON.parse(key) as PreflightInput)
      setRefused(
        result.ok
          ? null
          : {
              message: result.error.message,
              fields: result.error.fields ?? {},
              againMs: Math.max(failedMs, (result.error.retryAfterSeconds ?? 0) * 1000),
            },
      )
      if (result.ok) return setAsked({ key, id: result.value.id })
    } catch {
      setRefused({ message: 'The War Room did not respond. Retrying.', fields: {}, againMs: failedMs })
    }
    setRound((n) => n + 1)
  }, [key])
  useEffect(() => {
    const timer = setTimeout(() => void askNow(), typingMs)
    return () => clearTimeout(timer)
  }, [askNow])

  const { data, error } = useQuery({ ...preflightQuery(asked?.id ?? ''), enabled: asked !== null })
  const over = data?.state === 'done' || data?.state === 'failed'
  useEffect(() => {
    if (over && data && asked && data.id === asked.id) setAnswered({ key: asked.key, view: data })
  }, [over, data, asked])

  const failed = data?.state === 'failed' || error !== null
  // biome-ignore lint/correctness/useExhaustiveDependencies: each question and each refusal is a reason to wait anew
  useEffect(() => {
    if (!over && !error && !refused) return
    let timer: ReturnType<typeof setTimeout>
    const soon = () => {
      timer = setTimeout(
        () => (document.visibilityState === 'visible' ? void askNow() : soon()),
        refused?.againMs ?? (failed ? failedMs : againMs),
      )
    }
    soon()
    return () => clearTimeout(timer)
  }, [over, failed, refused, error, asked?.id, round, askNow])

  const current = answered?.key === key ? answered.view : null
  return { current, earlier: current ?? answered?.view ?? null, refused }
}

const gravity = { block: 0, warn: 1, pass: 2 } as const

/** The same in one line, for where somebody is about to start. */
export function PrerequisitesLine({ current }: Pick<ReturnType<typeof usePreflight>, 'current'>) {
  const blocking = current?.checks.filter((check) => check.result === 'block') ?? []
  if (current === null || current.state !== 'done')
    return <p className="text-12 text-text-3">Checking prerequisites...</p>
  return blocking.length === 0 ? (
    <p className="text-12 text-text-2">All required checks passed.</p>
  ) : (
    <p className="text-12 text-state-problem" role="status">
      {blocking.length === 1 ? 'One prerequisite blocks' : `${blocking.length} prerequisites block`}:{' '}
      {blocking.map((check) => check.title).join(', ')}.
    </p>
  )
}

/** Pass, warn or block, each with its reason; what stands in the way first. */
export function Prerequisites({ current, earlier, refused }: ReturnType<typeof usePreflight>) {
  const checks = earlier?.checks.toSorted((a, b) => gravity[a.result] - gravity[b.result]) ?? []
  const problem = refused?.message ?? current?.error
  return (
    <Panel
      title="Prerequisites"
      hatched={current === null && checks.length > 0}
      className="prerequisites"
      aside={
        current === null ? (
          <StateWord state="working" word="CHECKING" />
        ) : (
          <>
            <Age at={current.finishedAt ?? serverNow()} everyMs={againMs} ago />
            {current.state === 'done' && (
              <StateWord state={current.mayStart ? 'ok' : 'problem'} word={current.mayStart ? 'READY' : 'BLOCKED'} />
            )}
          </>
        )
      }
    >
      <div className="px-4 pb-4" aria-live="polite">
        {problem && <p className="mb-2 text-state-problem">{problem}</p>}
        {checks.length === 0 && !problem && <p className="text-12 text-text-2">A runner is checking them.</p>}
        <ul className="preflight">
          {checks.map((check) => (
            <li key={check.id}>
              <StateWord {...checkLooks[check.result]} />
              <div>
                <div>{check.title}</div>
                <div className="text-12 text-text-3">{check.message}</div>
              </div>
            </li>
          ))}
        </ul>
      </div>
    </Panel>
  )
}
