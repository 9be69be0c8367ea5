/**
 * The API is asked what there is, and something that is no answer comes back: that is "not known", and never "nothing", since
 * a cluster without members, a list without instances or an hour without events would be acted upon.
 */
import { describe, expect, test, vi } from 'vitest'
import { PortError } from '../../ports/port-error'
import { type Answer, type Speech, startAnswering, wholeAnswers } from '../testing/http-answers'
import { createRds } from './index'
import { fault, result } from './testing'

// Hundreds of answers, one after the other, also on a busy machine.
vi.setConfig({ testTimeout: 120_000 })

type Rds = ReturnType<typeof createRds>

const instances = '<DBInstances><DBInstance><DBInstanceIdentifier>i</DBInstanceIdentifier></DBInstance></DBInstances>'
const cluster = '<DBClusters><DBCluster><DBClusterIdentifier>c</DBClusterIdentifier></DBCluster></DBClusters>'

const reads: { name: string; operation: string; ask: (rds: Rds) => Promise<unknown>; whole: string }[] = [
  { name: 'a cluster', operation: 'DescribeDBClusters', ask: (r) => r.cluster('c'), whole: cluster },
  {
    name: 'the instances of a cluster',
    operation: 'DescribeDBInstances',
    ask: (r) => r.instances('c'),
    whole: instances,
  },
  {
    name: 'an instance',
    operation: 'DescribeDBInstances',
    ask: (r) => r.instance('i', 'us-west-2'),
    whole: instances,
  },
  {
    name: 'events',
    operation: 'DescribeEvents',
    ask: (r) => r.events(['c'], 0),
    whole: '<Events/>',
  },
  {
    name: 'maintenance',
    operation: 'DescribePendingMaintenanceActions',
    ask: (r) => r.maintenance(['c']),
    whole: '<PendingMaintenanceActions/>',
  },
  {
    name: 'our identity',
    operation: 'GetCallerIdentity',
    ask: (r) => r.identity(),
    whole: '<Account>123456789012</Account><Arn>arn:x</Arn>',
  },
  {
    name: 'what the policies allow',
    operation: 'SimulatePrincipalPolicy',
    ask: (r) => r.simulate('arn:aws:iam::1:user/u', [{ operation: 'FailoverDBCluster', resource: 'arn:c' }]),
    whole: `<EvaluationResults><member><EvalActionName>rds:FailoverDBCluster</EvalActionName><EvalDecision>allowed</EvalDecision></member></EvaluationResults>`,
  },
]

/** What a read gives when everything that it asks is answered like this. */
async function asked(answer: Answer, ask: (rds: Rds) => Promise<unknown>): Promise<string> {
  const server = await startAnswering()
  const rds = createRds({
    region: 'us-west-2',
    drRegion: 'us-west-2',
    endpointUrl: server.url,
    credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'test' },
  })
  server.answerWith(answer)
  try {
    return `known: ${JSON.stringify(await ask(rds))}`
  } catch (error) {
    return error instanceof PortError ? `not known, ${error.errorClass}` : `no PortError: ${String(error)}`
  } finally {
    rds.close()
    await server.stop()
  }
}

describe.each(reads)('$name', ({ operation, ask, whole }) => {
  const speech: Speech = {
    type: 'text/xml',
    done: result(operation, whole),
    other: result('DescribeDBSnapshots', '<DBSnapshots/>'),
    refused: () => fault('DBClusterNotFoundFault'),
    strange: () => fault('SomethingThatNobodyDocuments'),
  }
  const plain = (name: string, body: string): Answer => ({
    name,
    outcome: 'unknown',
    play: (socket) => socket.end(`HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n${body}`),
  })

  test('is known after its own answer only', async () => {
    const answers = wholeAnswers(speech, [200, 302, 403])
    const wrong = await Promise.all(
      answers.map(async (answer) => {
        const said = await asked(answer, ask)
        return said.startsWith(answer.outcome === 'accepted' ? 'known' : 'not known') ? [] : [`${answer.name}: ${said}`]
      }),
    )
    expect(wrong.flat()).toEqual([])
  })

  test('is not known after an answer that lacks it', async () => {
    expect(await asked(plain('without its list', result(operation, '')), ask)).toBe('not known, transient')
  })
})

test('what is asked for by its name is not missing because a list is empty', async () => {
  const empty = (operation: string, list: string): Answer => ({
    name: 'empty',
    outcome: 'unknown',
    play: (socket) => socket.end(`HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n${result(operation, `<${list}/>`)}`),
  })
  expect(await asked(empty('DescribeDBClusters', 'DBClusters'), (r) => r.cluster('c'))).toBe('not known, transient')
  expect(await asked(empty('DescribeDBInstances', 'DBInstances'), (r) => r.instance('i', 'us-west-2'))).toBe(
    'not known, transient',
  )
  expect(await asked(empty('DescribeDBInstances', 'DBInstances'), (r) => r.instances('c'))).toBe('known: []')
})

test('a list that does not end is not shown as far as it was read', async () => {
  const endless: Answer = {
    name: 'endless',
    outcome: 'unknown',
    play: (socket) =>
      socket.end(
        `HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n${result('DescribeDBInstances', `${instances}<Marker>more</Marker>`)}`,
      ),
  }
  expect(await asked(endless, (r) => r.instances('c'))).toBe('not known, other')
})
