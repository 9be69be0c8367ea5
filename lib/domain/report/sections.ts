/** The parts of a report that people write, in order. Everything else of it is computed. */
export const reportSections = [
  { key: 'summary', title: 'Summary' },
  { key: 'impact', title: 'Impact' },
  { key: 'causes', title: 'Contributing factors' },
  { key: 'lessons', title: 'What went well, what did not' },
] as const

export const reportStates = ['draft', 'in-review', 'final'] as const
export type ReportState = (typeof reportStates)[number]
export const reportActionStates = ['open', 'in-progress', 'done', 'dropped'] as const
export type ReportActionState = (typeof reportActionStates)[number]
