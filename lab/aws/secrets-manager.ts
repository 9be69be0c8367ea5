/** The one call of Secrets Manager that a recovery needs: the master password that RDS keeps for an instance. JSON 1.1. */
import type { ServerResponse } from 'node:http'
import { z } from 'zod'
import type { LabContext } from '../contract'
import { secretArn } from './names'

const inputSchema = z.object({ SecretId: z.string() })

export const getSecretValueTarget = 'secretsmanager.GetSecretValue'

export function answerSecret(context: LabContext, region: string, body: Buffer, response: ServerResponse): void {
  const reply = (status: number, value: Record<string, unknown>) => {
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' })
    response.end(JSON.stringify(value))
  }
  const refuse = (type: string, message: string) => reply(400, { __type: type, Message: message })
  const id = secretIdIn(body)
  const instance = context.estate.instances().find((one) => secretArn(region, one.id) === id)
  const password = instance ? context.estate.masterPassword(instance.id) : null
  if (id === null) refuse('InvalidRequestException', 'The request must name a SecretId.')
  else if (!instance || password === null)
    refuse('ResourceNotFoundException', "Secrets Manager can't find the specified secret.")
  else
    reply(200, {
      ARN: id,
      Name: id.split(':').at(-1),
      SecretString: JSON.stringify({ username: instance.masterUsername, password }),
      VersionStages: ['AWSCURRENT'],
    })
}

function secretIdIn(body: Buffer): string | null {
  try {
    return inputSchema.parse(JSON.parse(body.toString('utf8'))).SecretId
  } catch {
    return null
  }
}
