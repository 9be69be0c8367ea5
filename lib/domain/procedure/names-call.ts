/** Changes at Route 53 and what each takes, as the API names them. */
export interface Route53Changes {
  ChangeResourceRecordSets: {
    HostedZoneId: string
    ChangeBatch: {
      Comment?: string
      Changes: { Action: 'CREATE' | 'UPSERT' | 'DELETE'; ResourceRecordSet: RecordSetInput }[]
    }
  }
  UpdateHealthCheck: {
    HealthCheckId: string
    /** The version that was read: a change that somebody else has made meanwhile is not overwritten. */
    HealthCheckVersion: number
    Disabled?: boolean
    Inverted?: boolean
  }
}

/** A record set with all that the API has of it: an UPSERT drops what is left out. */
export type RecordSetInput = {
  Name: string
  Type: RecordSetType
  SetIdentifier?: string
  Weight?: number
  Failover?: 'PRIMARY' | 'SECONDARY'
  MultiValueAnswer?: boolean
  TTL?: number
  ResourceRecords?: { Value: string }[]
  AliasTarget?: { HostedZoneId: string; DNSName: string; EvaluateTargetHealth: boolean }
  HealthCheckId?: string
}
export const recordSetTypes = ['A', 'AAAA', 'CNAME'] as const
export type RecordSetType = (typeof recordSetTypes)[number]

/** The object by whose presence a health check moves a name: the data plane alone carries it out. */
export interface SwitchChanges {
  PutObject: { Bucket: string; Key: string; Metadata?: { [name: string]: string } }
  DeleteObject: { Bucket: string; Key: string }
}

interface Request<Service, Operation, Input> {
  kind: 'names'
  service: Service
  operation: Operation
  /** Route 53 itself has one endpoint for all regions. */
  region: string
  input: Input
}
type Requests<Service, Inputs> = { [O in keyof Inputs]: Request<Service, O, Inputs[O]> }[keyof Inputs]

export type Route53Call = Requests<'route53', Route53Changes>
export type SwitchCall = Requests<'s3api', SwitchChanges>
/** A change of where a name leads. */
export type NamesCall = Route53Call | SwitchCall
export type NamesOperation = NamesCall['operation']
