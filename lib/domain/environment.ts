/** What an environment is for: what may be tried in it follows from that. */
export const environmentKinds = ['production', 'staging', 'lab'] as const
export type EnvironmentKind = (typeof environmentKinds)[number]

/** In the lab AWS's delays are compressed; waiting for them is, too. */
export const paceOf = (kind: EnvironmentKind): number => (kind === 'lab' ? 1 / 20 : 1)
