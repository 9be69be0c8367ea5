import type { ServerResponse } from 'node:http'
import type { LogLine, Pods } from './pods'
import { StatusError } from './types'

/** `GET pods/x/log` with container, tailLines, sinceSeconds, timestamps and follow. */
export function serveLog(pods: Pods, pod: string, query: URLSearchParams, response: ServerResponse): void {
  const container = query.get('container')
  if (container && container !== 'api')
    throw new StatusError(400, 'BadRequest', `container ${container} is not valid for pod ${pod}`)
  const tail = query.get('tailLines')
  const sinceSeconds = query.get('sinceSeconds')
  const stamped = query.get('timestamps') === 'true'
  let lines = pods.lines(pod)
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
  const relay = (name: string, line: LogLine) => {
    if (name === pod) response.write(text(line))
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
