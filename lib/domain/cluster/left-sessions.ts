import type { Backend } from '../procedure/call'
import { counted } from '../units'

/** A session of the application on a node that is not the writer. */
export interface LeftSession extends Backend {
  user: string
  applicationName: string
  /** Null for a session by a socket of the server's own machine. */
  clientAddress: string | null
}

/** The application's sessions on one node; what people see, and what an approval to end them covers. */
export interface NodeSessions {
  id: string
  host: string
  port: number
  sessions: LeftSession[]
}

const keyOf = (node: NodeSessions, { pid, startedAt }: Backend) => `${node.id} ${pid} ${startedAt}`
const keysOf = (nodes: readonly NodeSessions[]) =>
  nodes.flatMap((node) => node.sessions.map((session) => keyOf(node, session)))

/**
 * The list to go by: the one that was shown while it contains all that are open now, because those that have ended by
 * themselves change nothing; a new one as soon as a session is open that nobody was shown.
 */
export function listToEnd(shown: readonly NodeSessions[], open: readonly NodeSessions[]): NodeSessions[] {
  const known = new Set(keysOf(shown))
  return keysOf(open).every((key) => known.has(key)) ? [...shown] : [...open]
}

/** One line for each session, as people see it before they approve. */
export const describeSessions = (nodes: readonly NodeSessions[]): { node: string; text: string }[] =>
  nodes.flatMap(({ id, sessions }) =>
    sessions.map(({ user, applicationName, clientAddress, pid, startedAt }) => ({
      node: id,
      text: `${user}, ${applicationName || 'no application name'}, from ${clientAddress ?? 'its own machine'}, since ${startedAt}, pid ${pid}`,
    })),
  )

/** "3 application sessions on castmatch-prod-primary, 1 application session on ..." */
export const countSessions = (nodes: readonly NodeSessions[]): string =>
  nodes
    .filter(({ sessions }) => sessions.length > 0)
    .map(({ id, sessions }) => `${counted(sessions.length, 'application session')} on ${id}`)
    .join(', ')
