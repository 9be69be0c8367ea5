import { createVantage } from '../../lib/adapters/vantage/index'
import type { RunnerEnv } from '../../lib/config/env'

/** The collector in the other region, where there is one. */
export const vantageOf = ({ environment: { vantage }, secrets: { vantageSecret } }: RunnerEnv) =>
  vantage && vantageSecret ? createVantage({ url: vantage.url, secret: vantageSecret }) : null
