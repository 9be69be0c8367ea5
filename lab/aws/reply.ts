import type { ServerResponse } from 'node:http'
import type { AwsError } from './errors'
import { element, type XmlStructure } from './xml'

export type Service = 'rds' | 'sts' | 'iam'

/** Version of each service's Query protocol, and the namespace of its replies. */
export const protocols: Record<Service, { version: string; namespace: string }> = {
  rds: { version: '2014-10-31', namespace: 'http://rds.amazonaws.com/doc/2014-10-31/' },
  iam: { version: '2010-05-08', namespace: 'https://iam.amazonaws.com/doc/2010-05-08/' },
  sts: { version: '2011-06-15', namespace: 'https://sts.amazonaws.com/doc/2011-06-15/' },
}

export function sendResult(
  response: ServerResponse,
  service: Service,
  operation: string,
  requestId: string,
  result: XmlStructure | null,
): void {
  const body = `${element(`${operation}Result`, result)}${element('ResponseMetadata', { RequestId: requestId })}`
  const xml = `<${operation}Response xmlns="${protocols[service].namespace}">${body}</${operation}Response>`
  send(response, 200, requestId, xml)
}

export function sendError(response: ServerResponse, service: Service, requestId: string, error: AwsError): void {
  const body = element('Error', { Type: error.type, Code: error.code, Message: error.message })
  const xml = `<ErrorResponse xmlns="${protocols[service].namespace}">${body}${element('RequestId', requestId)}</ErrorResponse>`
  send(response, error.status, requestId, xml)
}

function send(response: ServerResponse, status: number, requestId: string, xml: string): void {
  const body = Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n${xml}\n`)
  response.writeHead(status, {
    'content-type': 'text/xml;charset=UTF-8',
    'content-length': body.length,
    'x-amzn-requestid': requestId,
  })
  response.end(body)
}
