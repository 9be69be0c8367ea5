'use client'

import Link from 'next/link'
import { useRouter } from 'next/navigation'
import { useState } from 'react'
import { effectOf, formatEffect, type Policy, policyKinds } from '../../lib/domain/reconcile/policy'
import type { ReconcileView, TableView } from '../../lib/domain/reconcile/view'
import type { AnswerStep } from '../../lib/web/present/actions'
import { Button } from '../ui/button'
import { useAction } from '../ui/use-action'
import { DroppedTable } from './dropped-table'
import { type Marked, markedIn, useMarked } from './marked-rows'
import { choicesOf, choiceWords, countText } from './words'

interface Choice {
  kind: Policy['kind']
  triggers: 'on' | 'off'
}

const policyOf = (kind: Policy['kind'], marked: Marked): Policy =>
  kind === 'rows' ? { kind, keys: Object.keys(marked) } : { kind }
const countOf = (marked: Marked) => {
  const kinds = Object.values(marked)
  const count = (kind: (typeof kinds)[number]) => kinds.filter((one) => one === kind).length
  return { source: count('source'), target: count('target'), different: count('different') }
}

/** Each table with its counts, and what is merged of it: chosen here, or as it was chosen. */
export function PolicyForm({
  view,
  answer,
  shownTable,
}: {
  view: ReconcileView
  answer: AnswerStep
  shownTable: string | null
}) {
  const router = useRouter()
  const [choices, setChoices] = useState<{ [table: string]: Choice }>(() =>
    Object.fromEntries(
      view.tables.map(({ table, policy, triggersOn }) => [
        table,
        { kind: policy.kind, triggers: triggersOn ? 'on' : 'off' },
      ]),
    ),
  )
  const { run, busy, error } = useAction(answer)
  const may = view.asks?.right.allowed === true
  const choiceOf = (table: TableView): Choice => choices[table.table] ?? { kind: 'skip', triggers: 'on' }
  const send = async () => {
    if (!view.asks) return
    const tables = view.tables.map((table) => {
      const { kind, triggers } = choiceOf(table)
      return { table: table.table, policy: policyOf(kind, markedIn(view.batch, table.table)), triggers }
    })
    const done = await run({ runId: view.run.id, stepId: view.asks.stepId, answer: { batch: view.batch, tables } })
    if (done) router.refresh()
  }
  return (
    <div>
      <div className="overflow-x-auto">
        <table className="w-full text-13">
          <thead>
            <tr className="text-left text-12 text-text-2">
              <th className="px-3 py-2 font-normal">Table, key</th>
              <th className="px-3 py-2 text-right font-normal">Only in the source</th>
              <th className="px-3 py-2 text-right font-normal">Only in the target</th>
              <th className="px-3 py-2 text-right font-normal">Different</th>
              <th className="px-3 py-2 font-normal">Policy</th>
              <th className="px-3 py-2 font-normal">Result in the target</th>
            </tr>
          </thead>
          <tbody>
            {view.tables.flatMap((table) => [
              <TableRow
                key={table.table}
                view={view}
                table={table}
                choice={choiceOf(table)}
                shown={table.table === shownTable}
                onChange={may ? (choice) => setChoices((all) => ({ ...all, [table.table]: choice })) : null}
              />,
              table.dropped && (
                <tr key={`${table.table} dropped`}>
                  <td colSpan={6} className="px-3 pb-3">
                    <DroppedTable dropped={table.dropped} />
                  </td>
                </tr>
              ),
            ])}
          </tbody>
        </table>
      </div>
      {error && (
        <p role="alert" className="st-problem m-3">
          {error}
        </p>
      )}
      {view.asks && (
        <div className="flex flex-wrap items-center gap-3 p-3">
          <Button look="go" disabled={!may || busy} onClick={() => void send()}>
            Choose this and request approval
          </Button>
          {!view.asks.right.allowed && <span className="text-12 text-text-2">{view.asks.right.why}</span>}
        </div>
      )}
    </div>
  )
}

function TableRow({
  view,
  table,
  choice,
  shown,
  onChange,
}: {
  view: ReconcileView
  table: TableView
  choice: Choice
  shown: boolean
  onChange: ((choice: Choice) => void) | null
}) {
  const marked = useMarked(view.batch, table.table)
  const effect = onChange ? effectOf(policyOf(choice.kind, marked), table, countOf(marked)) : table.effect
  const triggers = table.triggers.length > 0
  const figures = [table.onlySource, table.onlyTarget, table.different].map((n, i) => ({
    n,
    id: `${table.table} ${i}`,
  }))
  return (
    <tr className="border-line-1 border-t align-top" aria-current={shown || undefined}>
      <td className="min-w-40 px-3 py-2">
        <Link
          href={`/runs/${view.run.id}/rows?${new URLSearchParams({ table: table.table })}#rows`}
          className="break-all font-semibold text-accent underline"
        >
          {table.table}
        </Link>
        <div className="text-12 text-text-2">{table.key.join(', ')}</div>
      </td>
      {figures.map(({ n, id }) => (
        <td key={id} className="num px-3 py-2 text-right">
          {n === 0 ? <span className="text-text-3">0</span> : countText(n)}
        </td>
      ))}
      <td className="px-3 py-2">
        {onChange ? (
          <>
            <select
              className="max-w-full rounded border border-line-3 bg-inset px-2 py-1"
              aria-label={`Policy of ${table.table}`}
              value={choice.kind}
              onChange={(event) => {
                const kind = policyKinds.find((one) => one === event.target.value)
                if (kind) onChange({ ...choice, kind })
              }}
            >
              {choicesOf(table.dropped !== null).map((kind) => (
                <option key={kind} value={kind}>
                  {choiceWords(kind, table.dropped !== null)}
                </option>
              ))}
            </select>
            {triggers && (
              <label className="mt-1 flex items-center gap-2 text-12 text-text-2">
                <input
                  type="checkbox"
                  checked={choice.triggers === 'on' || table.triggersStay}
                  disabled={table.triggersStay}
                  onChange={(event) => onChange({ ...choice, triggers: event.target.checked ? 'on' : 'off' })}
                />
                Triggers fire ({table.triggers.join(', ')})
              </label>
            )}
          </>
        ) : (
          choiceWords(table.policy.kind, table.dropped !== null)
        )}
      </td>
      <td className="px-3 py-2">
        {effect ? formatEffect(effect) : <span className="text-text-3">not chosen yet</span>}
      </td>
    </tr>
  )
}
