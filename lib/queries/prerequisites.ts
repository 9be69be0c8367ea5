import { useEffect, useState } from 'react'
import { summaryOfChecks } from '../domain/incident/decision'
import type { DecisionOption, SheetPrerequisites } from '../domain/incident/view'
import type { PreflightView } from '../domain/run/view'
import { read } from './cluster'
import { askPreflight } from './run'

/** Between two looks at an answer, and between two rounds, ms. */
const lookMs = 300
const roundMs = 20_000

type Asked = Pick<DecisionOption, 'id' | 'asks'>

const pause = (ms: number, signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })

async function checkedNow(asks: NonNullable<DecisionOption['asks']>, signal: AbortSignal): Promise<SheetPrerequisites> {
  try {
    const asked = await askPreflight({ ...asks, mode: 'real' })
    if (!asked.ok) return { state: 'unknown', why: asked.error.message }
    while (!signal.aborted) {
      const view = await read<PreflightView>(`/api/preflights/${encodeURIComponent(asked.value.id)}`, signal)
      if (view.state === 'failed') return { state: 'unknown', why: view.error ?? 'The check failed.' }
      if (view.state === 'done') return summaryOfChecks({ at: view.finishedAt ?? view.askedAt, checks: view.checks })
      await pause(lookMs, signal)
    }
  } catch {
    if (!signal.aborted) return { state: 'unknown', why: 'The War Room did not respond. Retrying.' }
  }
  return { state: 'unknown', why: 'Not checked lately.' }
}

/**
 * The prerequisites of each option, looked at one after the other while the page is in sight: a person's older questions give
 * way to newer ones. Until then those that were known before.
 */
export function useChecked(options: readonly Asked[]): ReadonlyMap<string, SheetPrerequisites> {
  const [checked, setChecked] = useState<ReadonlyMap<string, SheetPrerequisites>>(new Map())
  const key = JSON.stringify(options.flatMap(({ id, asks }) => (asks ? [[id, asks]] : [])))
  useEffect(() => {
    const leave = new AbortController()
    const { signal } = leave
    const rounds = async () => {
      while (!signal.aborted) {
        for (const [id, asks] of JSON.parse(key) as [string, NonNullable<DecisionOption['asks']>][]) {
          if (document.visibilityState !== 'visible') break
          const found = await checkedNow(asks, signal)
          if (signal.aborted) return
          setChecked((before) => new Map(before).set(id, found))
        }
        await pause(roundMs, signal)
      }
    }
    void rounds()
    return () => leave.abort()
  }, [key])
  return checked
}
