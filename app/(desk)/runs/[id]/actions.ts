'use server'

import { answerStep, answerStepInput } from '@/lib/commands/run/answer-step'
import { approve, approveInput, breakGlass, breakGlassInput, refuse, refuseInput } from '@/lib/commands/run/decide'
import { byHandInput, doneByHand, revise, reviseInput, takeByHand, waitLonger } from '@/lib/commands/run/revise'
import { settleObligation, settleObligationInput } from '@/lib/commands/run/settle-obligation'
import {
  pauseRun,
  resumeRun,
  retryStep,
  runInput,
  skipStep,
  skipStepInput,
  stepInput,
  stopRun,
  stopRunInput,
  undoStep,
} from '@/lib/commands/run/steer'
import { action } from '@/lib/web/action'
import { approvalSite, webEnv } from '@/lib/web/env'

/** Approvals take a passkey's signature where the environment says so. */
const site = () => approvalSite(webEnv().environment)

export const approveAction = action(approveInput, (context, input) => approve(context, input, site()))
export const refuseAction = action(refuseInput, refuse)
export const breakGlassAction = action(breakGlassInput, (context, input) =>
  breakGlass(context, webEnv().environment, input, site()),
)
export const retryAction = action(stepInput, retryStep)
export const undoAction = action(stepInput, (context, input) => undoStep(context, webEnv().environment, input))
export const skipAction = action(skipStepInput, (context, input) => skipStep(context, webEnv().environment, input))
export const reviseAction = action(reviseInput, (context, input) => revise(context, webEnv().environment, input))
export const byHandAction = action(byHandInput, (context, input) => takeByHand(context, webEnv().environment, input))
export const handDoneAction = action(stepInput, doneByHand)
export const waitLongerAction = action(stepInput, waitLonger)
export const answerAction = action(answerStepInput, (context, input) =>
  answerStep(context, webEnv().environment, input),
)
export const settleAction = action(settleObligationInput, settleObligation)
export const stopAction = action(stopRunInput, stopRun)
export const pauseAction = action(runInput, pauseRun)
export const resumeAction = action(runInput, resumeRun)
