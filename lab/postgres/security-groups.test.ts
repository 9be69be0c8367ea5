import { expect, test } from 'vitest'
import { quarantineGroup } from '../aws/names'
import { portsFrom } from '../ports'
import { Topology } from './topology'

const word = 'a-word-of-sixteen'
const secrets = {
  adminPassword: word,
  warroomPassword: word,
  applicationPassword: word,
  awsAccessKeyId: word,
  awsSecretAccessKey: word,
  token: word,
}

test('whoever stands in the quarantine group alone is reached by nobody, with or without a fault besides', () => {
  const ports = portsFrom(21_200).lab
  const topology = new Topology({ dataDir: '/nowhere', ports, secrets, platformPassword: word })
  const [writer] = topology.members
  if (!writer) throw new Error('the lab has a writer')
  const reach = () => [writer.front.state.kind, topology.writerEndpoint.state.kind]
  const into = (groups: string[] | undefined) => {
    writer.attributes = { ...writer.attributes, VpcSecurityGroupIds: groups }
    topology.applySecurityGroups(writer)
  }
  expect(reach()).toEqual(['up', 'up'])
  into([quarantineGroup])
  expect(reach()).toEqual(['blackhole', 'blackhole'])
  topology.setClientPath(writer, { kind: 'up' })
  expect(reach()).toEqual(['blackhole', 'blackhole'])
  topology.setClientPath(writer, { kind: 'cut' })
  into(['sg-0a51c0de0castdb01', quarantineGroup])
  expect(reach()).toEqual(['cut', 'cut'])
  topology.setClientPath(writer, { kind: 'up' })
  into(undefined)
  expect(reach()).toEqual(['up', 'up'])
})
