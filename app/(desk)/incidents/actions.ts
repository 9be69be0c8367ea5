'use server'

import { runCheck, runCheckInput, tickByHand, tickByHandInput } from '@/lib/commands/checklist/check'
import { postUpdate, postUpdateInput } from '@/lib/commands/communication/post-update'
import { dismissDamage, dismissDamageInput } from '@/lib/commands/damage/dismiss'
import { decideWay, decideWayInput } from '@/lib/commands/incident/decide'
import { declare, declareInput } from '@/lib/commands/incident/declare'
import {
  dismissAlert,
  dismissAlertInput,
  dismissAlerts,
  dismissAlertsInput,
} from '@/lib/commands/incident/dismiss-alert'
import {
  changeSeverity,
  changeSeverityInput,
  moveIncident,
  moveInput,
  rename,
  renameInput,
} from '@/lib/commands/incident/lead'
import { acceptRole, offerRole, offerRoleInput, releaseRole, roleInput, takeRole } from '@/lib/commands/incident/roles'
import { addTask, addTaskInput, finishTask, finishTaskInput } from '@/lib/commands/incident/tasks'
import { correct, correctInput, pin, pinInput, write, writeInput } from '@/lib/commands/timeline/write'
import {
  createWallLink,
  createWallLinkInput,
  revokeAllWallLinks,
  revokeAllWallLinksInput,
  revokeWallLink,
  revokeWallLinkInput,
} from '@/lib/commands/wall/links'
import { presentDetection } from '@/lib/views/detection'
import { action } from '@/lib/web/action'
import { webEnv } from '@/lib/web/env'
import { viewSource } from '@/lib/web/view-context'

export const declareAction = action(declareInput, (context, input) =>
  declare(context, input, presentDetection(viewSource())),
)
export const moveAction = action(moveInput, moveIncident)
export const decideWayAction = action(decideWayInput, decideWay)
export const severityAction = action(changeSeverityInput, changeSeverity)
export const renameAction = action(renameInput, rename)
export const takeRoleAction = action(roleInput, takeRole)
export const offerRoleAction = action(offerRoleInput, offerRole)
export const acceptRoleAction = action(roleInput, acceptRole)
export const releaseRoleAction = action(roleInput, releaseRole)
export const writeAction = action(writeInput, write)
export const correctAction = action(correctInput, correct)
export const pinAction = action(pinInput, pin)
export const addTaskAction = action(addTaskInput, addTask)
export const finishTaskAction = action(finishTaskInput, finishTask)
export const probeAction = action(runCheckInput, runCheck)
export const tickAction = action(tickByHandInput, tickByHand)
export const updateAction = action(postUpdateInput, (context, input) =>
  postUpdate(context, webEnv().NEXTAUTH_URL, input),
)
export const wallLinkAction = action(createWallLinkInput, (context, input) =>
  createWallLink(context, webEnv().NEXTAUTH_URL, input),
)
export const revokeWallLinkAction = action(revokeWallLinkInput, revokeWallLink)
export const revokeAllWallLinksAction = action(revokeAllWallLinksInput, revokeAllWallLinks)
export const dismissDamageAction = action(dismissDamageInput, dismissDamage)
export const dismissAlertAction = action(dismissAlertInput, dismissAlert)
export const dismissAlertsAction = action(dismissAlertsInput, dismissAlerts)
