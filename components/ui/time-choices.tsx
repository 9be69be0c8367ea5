import { localWithOffset, type TimeQuestion } from '../../lib/domain/local-time'

/** Why a local time has no one instant, with the instants that it could be as buttons. */
export function TimeChoices({
  id,
  question,
  zone,
  onChoose,
}: {
  id?: string
  question: TimeQuestion
  zone: string
  onChoose: (at: number) => void
}) {
  return (
    <div className="flex basis-full flex-wrap items-center gap-2">
      <span id={id} role="alert" className="text-12 text-state-problem">
        {question.says}
      </span>
      {question.choices.map((at) => (
        <button key={at} type="button" className="btn num" data-size="s" onClick={() => onChoose(at)}>
          {localWithOffset(at, zone)}
        </button>
      ))}
    </div>
  )
}
