'use client'

import type { IncidentView } from '../../lib/domain/incident/view'
import type { DecideWay } from '../../lib/web/present/actions'
import { presentFit } from '../../lib/web/present/incident'
import { ReasonForm } from '../ui/reason-form'
import { Refusal } from '../ui/refusal'
import { ModalDialog } from '../ui/sheet-dialog'
import { StateWord } from '../ui/state'
import { useAction } from '../ui/use-action'
import { isWayOut, optionName } from './way-out'

/** Asks which way out is taken, and why; recording it starts nothing. */
export function ChooseWay({
  incident,
  chosen,
  decide,
  onChoose,
  onClose,
  onDone,
}: {
  incident: Pick<IncidentView, 'number' | 'sheet' | 'decided'>
  /** The option that is chosen so far; empty while none is, null while nobody is asked. */
  chosen: string | null
  decide: DecideWay
  onChoose: (option: string) => void
  onClose: () => void
  onDone: () => void
}) {
  const { number, sheet, decided } = incident
  const act = useAction(decide)
  const options = sheet.options.filter(isWayOut)
  const option = options.find(({ id }) => id === chosen)
  const record = async (reason: string) => {
    if (option && (await act.run({ number, option: option.id, reason, seenAt: decided?.at ?? null }))) onDone()
  }
  return (
    <ModalDialog open={chosen !== null} onOpenChange={(open) => !open && onClose()} title="Record decision">
      <p className="mb-2 text-12 text-text-2">It is shown in the timeline and the report. It starts nothing.</p>
      <fieldset className="choice-rows mb-3">
        <legend className="sr-only">Option</legend>
        {options.map((one) => {
          const look = presentFit(one)
          return (
            <label key={one.id} className="choice-row" data-chosen={one.id === chosen || undefined}>
              <input
                type="radio"
                name="way"
                value={one.id}
                checked={one.id === chosen}
                onChange={() => onChoose(one.id)}
              />
              <span className="min-w-0">{optionName(one)}</span>
              <StateWord state={look.state} word={look.word} />
            </label>
          )
        })}
      </fieldset>
      <ReasonForm
        label="Reason"
        go={option ? `Decide: ${option.shortTitle}` : 'Choose an option'}
        busy={act.busy}
        ready={option !== undefined}
        onGo={record}
        onBack={onClose}
      />
      <Refusal why={act.fields.reason?.join(' ') ?? act.error} className="mt-2" />
    </ModalDialog>
  )
}
