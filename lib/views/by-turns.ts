/**
 * Readings by key, one at a time for each: whoever asks while one runs has the next one, together with all others who do.
 * It begins after they asked, so that nobody is shown what was so before they changed it.
 */
export function sharedByTurns<T>() {
  const turns = new Map<string, { now: Promise<T>; next: Promise<T> | null }>()

  function begin(key: string, read: () => Promise<T>): Promise<T> {
    const turn: { now: Promise<T>; next: Promise<T> | null } = { now: read(), next: null }
    turns.set(key, turn)
    const over = () => {
      if (turn.next === null) turns.delete(key)
    }
    turn.now.then(over, over)
    return turn.now
  }

  return (key: string, read: () => Promise<T>): Promise<T> => {
    const turn = turns.get(key)
    if (!turn) return begin(key, read)
    const next = () => begin(key, read)
    turn.next ??= turn.now.then(next, next)
    return turn.next
  }
}
