import http from 'node:http'
import https from 'node:https'
import { KubeConfig } from '@kubernetes/client-node'
import { failedOutcome, unreadableAnswer } from '../../ports/outcome'
import { PortError } from '../../ports/port-error'
import { closedByServer, fromRequestError, lateError, notAsked, refusalOf } from './errors'

type PatchType =
  | 'application/strategic-merge-patch+json'
  | 'application/merge-patch+json'
  /** JSON is YAML. */
  | 'application/apply-patch+yaml'

interface ApiRequest {
  method: 'GET' | 'POST' | 'PATCH'
  path: string
  query?: Record<string, string>
  body?: unknown
  contentType?: 'application/json' | PatchType
  accept?: string
}

/** What an answer must be, to be one: an object of this kind, and of this name where one was named. */
interface Expected {
  kind: string
  name?: string
}

/** A stream of JSON lines. `ended` settles when it is over, with an error unless the server ended it properly. */
export interface LineStream {
  ended: Promise<PortError | null>
  stop(): void
}

const maxBodyCharacters = 32_000_000

/**
 * The API of one context of a kubeconfig, kept in memory: nothing of the file or of the process is changed, so that no
 * other terminal or run lands in another cluster. The SDK supplies credentials and TLS; requests are Node's own, because
 * each needs a time limit that really ends it and a watch needs to know when bytes last came.
 */
export class KubeHttp {
  private readonly config: KubeConfig
  readonly server: URL

  constructor(kubeconfig: string, context: string) {
    this.config = new KubeConfig()
    this.config.loadFromFile(kubeconfig)
    if (!this.config.getContextObject(context)) throw new Error(`The kubeconfig has no context named ${context}.`)
    this.config.setCurrentContext(context)
    const cluster = this.config.getCurrentCluster()
    if (!cluster) throw new Error(`The kubeconfig's context ${context} names no cluster.`)
    this.server = new URL(cluster.server)
    // The SDK wants this said before it talks plain HTTP; it is said to our copy only.
    if (this.server.protocol === 'http:')
      this.config.clusters = this.config.clusters.map((c) =>
        c.name === cluster.name ? { ...c, skipTLSVerify: true } : c,
      )
  }

  /**
   * One request with one answer, whole and of the kind that is expected, within the limit. Throws PortError. `mutation` is
   * false for what is only asked, by whatever method.
   */
  async json<T>(
    request: ApiRequest,
    expected: Expected,
    limitMs: number,
    mutation = request.method !== 'GET',
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let sent: http.ClientRequest | null = null
      let left = false
      let over = false
      const end = (settle: () => void) => {
        if (over) return
        over = true
        clearTimeout(timer)
        settle()
      }
      const timer = setTimeout(() => {
        end(() => reject(lateError('did not respond', limitMs, mutation, left)))
        sent?.destroy()
      }, limitMs)
      const fail = (error: unknown) => end(() => reject(fromRequestError(error, mutation)))
      this.open(request).then(
        (outgoing) => {
          if (over) {
            outgoing.destroy()
            return
          }
          sent = outgoing
          // Nothing is written before there is a connection.
          outgoing.on('socket', (socket) => {
            left = !socket.connecting
            socket.once('connect', () => {
              left = true
            })
          })
          let answered = false
          outgoing.on('error', fail)
          outgoing.on('close', () => {
            if (!answered) fail(closedByServer(mutation))
          })
          outgoing.on('response', (response) => {
            answered = true
            readAll(response, mutation).then((text) => {
              try {
                const value = parse<T>(response.statusCode ?? 0, text, expected, mutation)
                end(() => resolve(value))
              } catch (error) {
                fail(error)
              }
            }, fail)
          })
          if (request.body !== undefined) outgoing.write(JSON.stringify(request.body))
          outgoing.end()
        },
        (error: unknown) => end(() => reject(notAsked(error, mutation))),
      )
    })
  }

  /**
   * Opens a watch. `onLine` gets each parsed line, `onBytes` is called at any sign of life. When nothing comes for
   * `silenceMs` the connection counts as half-open and is ended with an error; so does an answer that is no stream of JSON.
   */
  lines(
    request: ApiRequest,
    limits: { answerMs: number; silenceMs: number },
    onLine: (value: unknown) => void,
    onBytes: () => void,
  ): LineStream {
    let sent: http.ClientRequest | null = null
    let over = false
    let finish: (error: PortError | null) => void = () => {}
    const ended = new Promise<PortError | null>((resolve) => {
      finish = (error) => {
        if (over) return
        over = true
        clearTimeout(timer)
        resolve(error)
        sent?.destroy()
      }
    })
    let timer = setTimeout(() => finish(lateError('did not respond', limits.answerMs, false)), limits.answerMs)
    const alive = () => {
      if (over) return
      clearTimeout(timer)
      timer = setTimeout(() => finish(lateError('sent nothing', limits.silenceMs, false)), limits.silenceMs)
      onBytes()
    }
    const failed = (error: unknown) => finish(fromRequestError(error, false))
    this.open(request).then(
      (outgoing) => {
        if (over) {
          outgoing.destroy()
          return
        }
        sent = outgoing
        outgoing.on('error', failed)
        outgoing.on('response', (response) => {
          const status = response.statusCode ?? 0
          if (status !== 200) {
            readAll(response, false).then((text) => finish(refusalOf(status, text, false)), failed)
            return
          }
          if (!/^application\/json\b/.test(response.headers['content-type'] ?? '')) {
            finish(unreadableAnswer('Kubernetes', status, false))
            return
          }
          alive()
          let rest = ''
          response.setEncoding('utf8')
          response.on('data', (chunk: string) => {
            alive()
            const parts = (rest + chunk).split('\n')
            rest = parts.pop() ?? ''
            try {
              for (const part of parts) if (!over && part.trim() !== '') onLine(JSON.parse(part))
            } catch (error) {
              failed(error)
            }
          })
          response.on('end', () => finish(rest.trim() === '' ? null : unreadableAnswer('Kubernetes', status, false)))
          response.on('error', failed)
          response.on('close', () => finish(closedByServer(false)))
        })
        outgoing.end()
      },
      (error: unknown) => finish(notAsked(error, false)),
    )
    return { ended, stop: () => finish(null) }
  }

  private async open(request: ApiRequest): Promise<http.ClientRequest> {
    const base = this.server.pathname.replace(/\/+$/, '')
    const query = new URLSearchParams(request.query).toString()
    const options: https.RequestOptions = {
      method: request.method,
      hostname: this.server.hostname.replace(/^\[|\]$/g, ''),
      port: this.server.port || undefined,
      path: `${base}${request.path}${query ? `?${query}` : ''}`,
      headers: {
        accept: request.accept ?? 'application/json',
        'user-agent': 'castmatch-warroom',
        ...(request.body === undefined ? {} : { 'content-type': request.contentType ?? 'application/json' }),
      },
    }
    // Credentials are asked for each time: a plugin or token file may have renewed them.
    await this.config.applyToHTTPSOptions(options)
    return this.server.protocol === 'http:' ? http.request(options) : https.request(options)
  }
}

function readAll(response: http.IncomingMessage, mutation: boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    response.setEncoding('utf8')
    response.on('data', (chunk: string) => {
      text += chunk
      if (text.length > maxBodyCharacters) {
        response.destroy()
        reject(
          new PortError('other', 'Kubernetes gave a far longer answer than expected.', {
            outcome: failedOutcome(mutation, { kind: 'broke-off' }),
            probe: 'api',
          }),
        )
      }
    })
    response.on('end', () => resolve(text))
    response.on('error', reject)
    response.on('close', () => reject(closedByServer(mutation)))
  })
}

function parse<T>(status: number, text: string, expected: Expected, mutation: boolean): T {
  if (status < 200 || status > 299) throw refusalOf(status, text, mutation)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw unreadableAnswer('Kubernetes', status, mutation, error)
  }
  if (!isExpected(value, expected)) throw unreadableAnswer('Kubernetes', status, mutation)
  return value as T
}

function isExpected(value: unknown, { kind, name }: Expected): boolean {
  const found = (value ?? {}) as { kind?: unknown; metadata?: { name?: unknown }; items?: unknown }
  if (found.kind !== kind || (name !== undefined && found.metadata?.name !== name)) return false
  // A list without its items says nothing of what there is.
  return !kind.endsWith('List') || Array.isArray(found.items)
}
