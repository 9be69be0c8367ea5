import type { DamageFinding, DamageKind } from '../domain/cluster/damage'

/** Findings of damage outlive the process that made them. Rejects when the store is away; every call may be repeated. */
export interface DamageStore {
  /** Those that nobody has dismissed. */
  open(environment: string): Promise<DamageFinding[]>
  /** Keeps a finding as it is now; false when a person has dismissed it. */
  keep(environment: string, finding: DamageFinding): Promise<boolean>
  /** False when a person has dismissed it. */
  isOpen(environment: string, finding: { kind: DamageKind; foundAt: number }): Promise<boolean>
}
