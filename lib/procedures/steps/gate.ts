import type { Step } from '../contract'

type Words = Pick<Step<unknown, object>, 'id' | 'title' | 'why' | 'provedBy'>

/** A step at which a second person says yes to what comes next. What it asks is the procedure's `ask`. */
export const gate = <I, F>(words: Words): Step<I, F> => ({
  ...words,
  effect: 'READ',
  estimate: { lowSeconds: 10, highSeconds: 600 },
  undoneBy: null,
  asks: true,
  everyMs: 1_000,
  forMs: 600_000,
  verify: async () => ({ state: 'proved', says: 'Approved.' }),
})
