import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createRds } from './index'

const ns = 'xmlns="http://rds.amazonaws.com/doc/2014-10-31/"'
/** What RDS answers to an operation that it carried out. */
export const result = (operation: string, inner = '') =>
  `<${operation}Response ${ns}><${operation}Result>${inner}</${operation}Result><ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata></${operation}Response>`
/** A refusal as RDS models it. */
export const fault = (code: string, message = 'no') =>
  `<ErrorResponse ${ns}><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>id-2</RequestId></ErrorResponse>`

/** Replies with XML as AWS does. */
export function xml(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/xml', 'x-amzn-requestid': 'id-1' }).end(text)
}

interface RdsRequest {
  action: string
  /** The how manyeth request it is, from 1 on. */
  n: number
  form: URLSearchParams
  http: IncomingMessage
}

/** A server in the place of AWS, and our client against it over HTTP; every request is kept. */
export async function startRds(
  answer: (request: RdsRequest, response: ServerResponse) => void,
  settings: Partial<Parameters<typeof createRds>[0]> = {},
) {
  const requests: RdsRequest[] = []
  const server = createServer(async (http, response) => {
    let text = ''
    for await (const chunk of http) text += chunk
    const form = new URLSearchParams(text)
    const request = { action: form.get('Action') ?? '', n: requests.length + 1, form, http }
    requests.push(request)
    answer(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const rds = createRds({
    region: 'us-west-2',
    drRegion: 'us-east-1',
    endpointUrl: `http://127.0.0.1:${port}`,
    credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'test' },
    ...settings,
  })
  const stop = () => {
    rds.close()
    server.closeAllConnections()
    server.close()
  }
  return { rds, requests, port, server, stop }
}
