'use server'

import { z } from 'zod'
import { action } from '@/lib/web/action'
import { healLab, readLabFaults, startLabFault } from '@/lib/web/lab-panel'

const name = z.string().min(1).max(80)

export const readLab = action(z.strictObject({}), () => readLabFaults())

export const startFault = action(
  z.strictObject({
    fault: name,
    target: name.nullable(),
    parameters: z.record(name, z.union([z.string().max(80), z.number()])),
  }),
  startLabFault,
)

export const healFault = action(z.strictObject({ fault: name.nullable() }), (context, { fault }) =>
  healLab(context, fault),
)
