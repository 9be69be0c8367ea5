import type { ServerResponse } from 'node:http'
import type { LogLine, Pods } from './pods'
import { type Pod, StatusError } from './types'

/** `GET pods/x/log` with container, tailLines, sinceSeconds, timestamps and follow. */
export function serveLog(
  pods: Pods,
  { metadata: { name: pod }, spec }: Pod,
  query: URLSearchParams,
  response: ServerResponse,
): void {
  const names = spec.containers.map(({ name }) => name)
  const all = [...names, ...(spec.initContainers ?? []).map(({ name }) => name)]
  const container = query.get('container') || (all.length === 1 ? names[0] : undefined)
  if (container === undefined)
    throw new StatusError(
      400,
      'BadRequest',
      `a container name must be specified for pod ${pod}, choose one of: [${all.join(' ')}]`,
    )
  if (!all.includes(container))
    throw new StatusError(400, 'BadRequest', `container ${container} is not valid for pod ${pod}`)
  const tail = query.get('tailLines')
  const sinceSeconds = query.get('sinceSeconds')
  const stamped = query.get('timestamps') === 'true'
  let lines = pods.lines(pod, container)
  if (sinceSeconds !== null) {
    const from = Date.now() - Number(sinceSeconds) * 1000
    lines = lines.filter((line) => line.at >= from)
  }
  if (tail !== null) lines = Number(tail) > 0 ? lines.slice(-Number(tail)) : []
  const text = (line: LogLine) => `${stamped ? `${new Date(line.at).toISOString()} ` : ''}${line.text}\n`
  response.writeHead(200, { 'content-type': 'text/plain' })
  for (const line of lines) response.write(text(line))
  if (query.get('follow') !== 'true') {
    response.end()
    return
  }
  response.flushHeaders()
  const relay = (name: string, from: string, line: LogLine) => {
    if (name === pod && from === container) response.write(text(line))
  }
  const ended = (name: string) => {
    if (name === pod) response.end()
  }
  pods.on('line', relay)
  pods.on('ended', ended)
  response.on('close', () => {
    pods.off('line', relay)
    pods.off('ended', ended)
  })
}
