import http from 'node:http'
import https from 'node:https'
import { KubeConfig } from '@kubernetes/client-node'
import { PortError } from '../../ports/port-error'
import { closedByServer, fromRequestError, fromStatus, lateError } from './errors'

export type PatchType = 'application/strategic-merge-patch+json' | 'application/merge-patch+json'

export interface ApiRequest {
  method: 'GET' | 'POST' | 'PATCH'
  path: string
  query?: Record<string, string>
  body?: unknown
  contentType?: 'application/json' | PatchType
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

  /** One request with one answer, whole, within the limit. Throws PortError. */
  async json<T>(request: ApiRequest, limitMs: number): Promise<T> {
    const mutation = request.method !== 'GET'
    return new Promise<T>((resolve, reject) => {
      let sent: http.ClientRequest | null = null
      let over = false
      const end = (settle: () => void) => {
        if (over) return
        over = true
        clearTimeout(timer)
        settle()
      }
      const timer = setTimeout(() => {
        end(() => reject(lateError('did not answer', limitMs, mutation && sent !== null)))
        sent?.destroy()
      }, limitMs)
      const fail = (error: unknown) => end(() => reject(fromRequestError(error, mutation)))
      this.open(request).then((outgoing) => {
        if (over) {
          outgoing.destroy()
          return
        }
        sent = outgoing
        outgoing.on('error', fail)
        outgoing.on('response', (response) => {
          readAll(response, mutation).then((text) => {
            try {
              const value = parse<T>(response.statusCode ?? 0, text, mutation)
              end(() => resolve(value))
            } catch (error) {
              fail(error)
            }
          }, fail)
        })
        if (request.body !== undefined) outgoing.write(JSON.stringify(request.body))
        outgoing.end()
      }, fail)
    })
  }

  /**
   * Opens a watch. `onLine` gets each parsed line, `onBytes` is called at any sign of life. When nothing comes for
   * `silenceMs` the connection counts as half-open and is ended with an error.
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
    let timer = setTimeout(() => finish(lateError('did not answer', limits.answerMs, false)), limits.answerMs)
    const alive = () => {
      if (over) return
      clearTimeout(timer)
      timer = setTimeout(() => finish(lateError('sent nothing', limits.silenceMs, false)), limits.silenceMs)
      onBytes()
    }
    const failed = (error: unknown) => finish(fromRequestError(error, false))
    this.open(request).then((outgoing) => {
      if (over) {
        outgoing.destroy()
        return
      }
      sent = outgoing
      outgoing.on('error', failed)
      outgoing.on('response', (response) => {
        if (response.statusCode !== 200) {
          readAll(response, false).then((text) => finish(statusError(response.statusCode ?? 0, text, false)), failed)
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
        response.on('end', () => finish(null))
        response.on('error', failed)
        response.on('close', () => finish(closedByServer(false)))
      })
      outgoing.end()
    }, failed)
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
        accept: 'application/json',
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
            outcome: mutation ? 'unknown' : 'rejected',
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

function statusError(status: number, text: string, mutation: boolean): PortError {
  let reason: string | null = null
  try {
    const parsed = JSON.parse(text) as { reason?: unknown }
    if (typeof parsed.reason === 'string') reason = parsed.reason
  } catch {
    // A proxy's page instead of a Status object: its HTTP status says enough.
  }
  return fromStatus(status, reason, mutation)
}

function parse<T>(status: number, text: string, mutation: boolean): T {
  if (status < 200 || status > 299) throw statusError(status, text, mutation)
  try {
    return JSON.parse(text) as T
  } catch (error) {
    throw new PortError('other', 'Kubernetes gave an answer that is not JSON.', {
      outcome: mutation ? 'unknown' : 'rejected',
      probe: 'api',
      cause: error,
    })
  }
}
