'use server'

import {
  saveActionInput,
  saveAction as saveFollowUp,
  saveSection,
  saveSectionInput,
  setReportState,
  setReportStateInput,
} from '@/lib/commands/report/edit'
import { action } from '@/lib/web/action'

export const saveAction = action(saveSectionInput, saveSection)
export const followUpAction = action(saveActionInput, saveFollowUp)
export const moveReportAction = action(setReportStateInput, setReportState)
