/** The one vocabulary of states. A state is shown by colour, icon and word together, never by colour alone. */
export type State = 'ok' | 'lagging' | 'problem' | 'dead' | 'working' | 'waiting' | 'unknown' | 'skipped'
