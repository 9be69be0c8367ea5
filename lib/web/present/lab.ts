/** A fault of the lab as its panel shows it. */
export interface LabFaultShown {
  id: string
  title: string
  group: string
  targets: { id: string; title: string }[]
  parameters: { name: string; title: string; type: 'number' | 'text'; default: string | number }[]
  active: { since: number; target: string | null } | null
}

export type LabFaults = LabFaultShown[]

/** Faults by group, in the lab's own order. */
export function groupFaults(faults: readonly LabFaultShown[]): { group: string; faults: LabFaultShown[] }[] {
  const groups: { group: string; faults: LabFaultShown[] }[] = []
  for (const fault of faults) {
    const held = groups.find((g) => g.group === fault.group)
    if (held) held.faults.push(fault)
    else groups.push({ group: fault.group, faults: [fault] })
  }
  return groups
}
