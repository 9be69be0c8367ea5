import type { DecisionOption } from '../../lib/domain/incident/view'

/** Can this option be decided for? What does not help, or cannot run here, is no way out. */
export const isWayOut = ({ fits }: Pick<DecisionOption, 'fits'>): boolean => fits !== 'not-for-this' && fits !== 'unfit'

/** As people say it: "P2 Extract and merge". */
export const optionName = ({ key, shortTitle }: Pick<DecisionOption, 'key' | 'shortTitle'>): string =>
  key === 'nothing' ? shortTitle : `${key} ${shortTitle}`
