'use server'

import { z } from 'zod'
import { action } from '@/lib/web/action'
import { healFaultInput, healLab, readLabFaults, startFaultInput, startLabFault } from '@/lib/web/lab-panel'

export const readLab = action(z.strictObject({}), () => readLabFaults())
export const startFault = action(startFaultInput, startLabFault)
export const healFault = action(healFaultInput, healLab)
