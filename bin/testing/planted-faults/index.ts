import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { placeOf } from '../place'
import { faultsOfAccess } from './access'
import type { PlantedFault } from './fault'
import { faultsOfTheRunner } from './runner'
import { faultsOfTheStore } from './store'
import { faultsOfTheWorld } from './world'

export const plantedFaults: PlantedFault[] = [
  ...faultsOfTheStore,
  ...faultsOfAccess,
  ...faultsOfTheRunner,
  ...faultsOfTheWorld,
]

/** Faults whose code stands no longer where they would be planted, or more than once, each with its file. */
export function misplacedFaults(faults: PlantedFault[] = plantedFaults): string[] {
  return faults.flatMap(({ id, file, find }) => {
    const place = placeOf(readFileSync(join(import.meta.dirname, '../../..', file), 'utf8'), find)
    return typeof place === 'string' ? [`${id}: its code is ${place} in ${file}`] : []
  })
}
