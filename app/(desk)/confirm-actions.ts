'use server'

import { z } from 'zod'
import { stepUpByPassword, stepUpInLab, stepUpInput } from '@/lib/commands/people/step-up'
import { action } from '@/lib/web/action'

export const confirmByPassword = action(stepUpInput, stepUpByPassword)
export const confirmInLab = action(z.object({}), stepUpInLab)
