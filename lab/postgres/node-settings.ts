import { join, relative } from 'node:path'
import type { Settings } from '../../lib/embedded-postgres/server'
import type { Address } from '../contract'
import { platformUser } from './seed'

interface NodeSettings {
  id: string
  /** The data directory. */
  directory: string
  /** Where the node's own WAL is archived. */
  ownArchive: string
  /** From where it fetches WAL that nobody streams any more. */
  restoreFrom: string
  /** Whom it follows as a standby. */
  primary: (Address & { password: string }) | null
}

/** Small, so that an archive follows its server closely. */
export const walSegmentMegabytes = 1

export function slotName(id: string): string {
  return `lab_${id.replaceAll('-', '_')}`
}

/** What every server of the lab is started with. */
export function nodeSettings({ id, directory, ownArchive, restoreFrom, primary }: NodeSettings): Settings {
  // A server works in its own directory. By relative names it needs no way through those above, which may be closed to it.
  const at = (name: string) => join(relative(directory, ownArchive), name)
  const from = (name: string) => join(relative(directory, restoreFrom), name)
  // Idle segments are mostly zeros: kept as holes, a night's archive stays small.
  const copy = process.platform === 'linux' ? 'cp --sparse=always' : 'cp'
  return {
    cluster_name: id,
    // The lab rehearses the death of servers, not of this machine; its data can be made anew.
    fsync: false,
    wal_level: 'replica',
    wal_log_hints: true,
    hot_standby: true,
    archive_mode: true,
    archive_timeout: 10,
    archive_command: `test ! -f ${at('%f')} && ${copy} "%p" ${at('.%f.part')} && mv ${at('.%f.part')} ${at('%f')}`,
    restore_command: `cp ${from('%f')} "%p"`,
    recovery_target_timeline: 'latest',
    ...(primary
      ? {
          primary_conninfo: `host=${primary.host} port=${primary.port} user=${platformUser} password=${primary.password} application_name=${id} connect_timeout=5`,
          primary_slot_name: slotName(id),
        }
      : {}),
    wal_keep_size: '32MB',
    max_slot_wal_keep_size: '256MB',
    min_wal_size: '8MB',
    max_wal_size: '128MB',
    max_wal_senders: 12,
    max_replication_slots: 12,
    wal_receiver_status_interval: 1,
    // A silent sender is asked for a sign of life after half of this time.
    wal_receiver_timeout: '15s',
    wal_sender_timeout: '15s',
    wal_retrieve_retry_interval: '500ms',
    track_commit_timestamp: true,
    log_min_messages: 'warning',
    // As RDS sets it.
    log_line_prefix: '%t:%r:%u@%d:[%p]:',
  }
}
