import type { Step, StepContext } from '../contract'
import type { FailBackFacts } from './facts'
import type { FailBackInputs } from './inputs'

export type Ctx = StepContext<FailBackInputs, FailBackFacts>
export type FailBackStep = Step<FailBackInputs, FailBackFacts>
