'use client'

import type { Difference } from '../../lib/domain/reconcile/policy'
import { setMark, useMarked } from './marked-rows'

/** Marks one row for the policy that merges marked rows only. */
export function MarkRow({
  batch,
  table,
  rowKey,
  kind,
}: {
  batch: string
  table: string
  rowKey: string
  kind: Difference
}) {
  const marked = useMarked(batch, table)
  return (
    <input
      type="checkbox"
      aria-label={`Mark the row ${rowKey}`}
      checked={marked[rowKey] !== undefined}
      onChange={(event) => setMark(batch, table, rowKey, event.target.checked ? kind : null)}
    />
  )
}
