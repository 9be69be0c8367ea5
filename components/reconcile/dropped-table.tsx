import type { TableView } from '../../lib/domain/reconcile/view'
import { counted } from '../../lib/domain/units'
import { StateWord } from '../ui/state'

/** A table that the target has lost: the statements that make it again, and what cannot be made. */
export function DroppedTable({ dropped }: { dropped: NonNullable<TableView['dropped']> }) {
  return (
    <div className="mt-1 grid max-w-[36rem] gap-1 text-12">
      <StateWord state="problem" word="Dropped from the target" look="chip" />
      <details>
        <summary className="cursor-pointer text-accent">
          {counted(dropped.statements.length, 'statement')} to create it again
        </summary>
        <pre className="mt-1 max-h-72 overflow-auto rounded border border-line-2 bg-inset p-2 text-12" tabIndex={0}>
          {dropped.statements.map((sql) => `${sql};`).join('\n')}
        </pre>
      </details>
      {dropped.leftOut.length > 0 && (
        <div>
          <p className="text-text-2">Not created with it:</p>
          <ul className="list-inside list-disc break-words">
            {dropped.leftOut.map((what) => (
              <li key={what}>{what}</li>
            ))}
          </ul>
        </div>
      )}
    </div>
  )
}
