import { type DamageTimes, labDamageTimes, productionDamageTimes } from '../domain/cluster/damage-memory'
import { type DiagnosisTimes, labTimes, productionTimes } from '../domain/cluster/diagnosis'
import { type RegionTimes, regionTimes } from '../domain/cluster/region'
import { paceOf } from '../domain/environment'

/** How often each source is asked and how long it may take, milliseconds (procedures, section 3). */
export interface Tempo {
  tickMs: number
  /**
   * Between write probes, and between them while anything is suspected. The last one that was acknowledged is where an
   * outage begins in every report, so this is how exactly its beginning is known.
   */
  writeMs: number
  writeAlarmedMs: number
  /** A write probe without an answer for this long is a miss. */
  missMs: number
  /** Q1 rounds while anything is suspected. */
  positionAlarmedMs: number
  replicationMs: number
  rdsMs: number
  rdsAlarmedMs: number
  rdsLimitMs: number
  /** A question that waits this long is a warning already. */
  rdsSilentMs: number
  poolerMs: number
  metricsMs: number
  networkMs: number
  /** Between two readings of the buckets with backups, and for how long one may take. */
  backupsMs: number
  backupsLimitMs: number
  /** Between two questions to the collector in the other region, and between two of its own. */
  vantageMs: number
  times: DiagnosisTimes
  region: RegionTimes
  damage: DamageTimes
}

export const productionTempo: Tempo = {
  tickMs: 1000,
  writeMs: 500,
  writeAlarmedMs: 200,
  missMs: 200,
  positionAlarmedMs: 500,
  replicationMs: 5000,
  rdsMs: 15_000,
  rdsAlarmedMs: 5000,
  rdsLimitMs: 10_000,
  rdsSilentMs: 3_000,
  poolerMs: 5000,
  metricsMs: 15_000,
  networkMs: 30_000,
  backupsMs: 15 * 60_000,
  backupsLimitMs: 60_000,
  vantageMs: 5_000,
  times: productionTimes,
  region: regionTimes(paceOf('production')),
  damage: productionDamageTimes,
}

/** The lab's API delays are compressed and its quotas are ours: asking more often shows its changes as they happen. */
export const labTempo: Tempo = {
  ...productionTempo,
  rdsMs: 2000,
  rdsAlarmedMs: 1000,
  rdsLimitMs: 5000,
  rdsSilentMs: 2_000,
  poolerMs: 2000,
  metricsMs: 5000,
  networkMs: 5000,
  backupsMs: 30_000,
  vantageMs: 1_000,
  times: labTimes,
  region: regionTimes(paceOf('lab')),
  damage: labDamageTimes,
}
