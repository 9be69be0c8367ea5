/** What an environment is for: what may be tried in it follows from that. */
export const environmentKinds = ['production', 'staging', 'lab'] as const
export type EnvironmentKind = (typeof environmentKinds)[number]
