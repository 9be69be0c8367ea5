import { z } from 'zod'
import { scenarios } from '../domain/cluster/types'
import { pageLevels } from '../domain/incident/view'

/**
 * The customer's figures and names, their single source. Seconds unless the name says otherwise. Validated when the
 * module loads, so that a slip here ends the start and not a recovery.
 */
/** A number that somebody can dial or an address: a placeholder looks like one, and costs the minute in which it is tried. */
const reachable = z
  .string()
  .refine(
    (contact) => !/[x*#?_]{2,}|\b0{3}[- ]?0{3,4}\b|example|todo|tbd/i.test(contact),
    'This is a placeholder. Use null.',
  )

const scenarioSchema = z.object({
  key: z.enum(scenarios),
  title: z.string(),
  symptoms: z.array(z.object({ id: z.string(), text: z.string() })).min(1),
})
const contactSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('pagerduty') }),
  z.object({ kind: z.literal('email'), address: z.email() }),
  z.object({ kind: z.literal('phone'), number: z.string() }),
])
const levelSchema = z.object({
  level: z.enum(pageLevels),
  role: z.string(),
  name: z.string(),
  contact: contactSchema,
  availability: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('always') }),
    z.object({
      kind: z.literal('business-hours'),
      zone: z.string(),
      fromHour: z.number().int(),
      toHour: z.number().int(),
    }),
    z.object({ kind: z.literal('emergency-only') }),
  ]),
  /** Minutes without an acknowledged page after which the next level is suggested. */
  suggestNextAfterMinutes: z.number().positive().nullable(),
})
export const castmatchSchema = z.object({
  objectives: z.object({
    rto: z.object({ targetSeconds: z.number(), maximumSeconds: z.number() }),
    rpo: z.object({ targetSeconds: z.number(), maximumSeconds: z.number() }),
    committedLossTolerance: z.literal(0),
    monthlyAvailability: z.number().gt(0).lt(1),
  }),
  scenarios: z.array(scenarioSchema).length(4),
  escalation: z.array(levelSchema).length(4),
  externalContacts: z.array(
    z.object({
      service: z.string(),
      contact: reachable.nullable(),
      accountNumber: z.string(),
      supportLevel: z.string(),
    }),
  ),
  channels: z.object({
    incident: z.string(),
    statusPage: z.url(),
    warRoom: z.url(),
    runbooks: z.url(),
  }),
  /** By whose clocks the review of an incident is at 14:00. */
  review: z.object({ zone: z.string() }),
  runbook: z.object({ version: z.string(), updated: z.iso.date(), nextReview: z.iso.date(), owner: z.string() }),
})

export const castmatch = castmatchSchema.parse({
  objectives: {
    rto: { targetSeconds: 3600, maximumSeconds: 14_400 },
    rpo: { targetSeconds: 900, maximumSeconds: 3600 },
    committedLossTolerance: 0,
    monthlyAvailability: 0.999,
  },
  scenarios: [
    {
      key: 'S1',
      title: 'Primary database failure',
      symptoms: [
        { id: 'connect-timeout', text: 'The writer refuses connections or times out' },
        { id: 'pooler-failing', text: 'The pooler has no working server connection' },
        { id: 'app-errors', text: 'The application logs database errors' },
      ],
    },
    {
      key: 'S2',
      title: 'Data corruption',
      symptoms: [
        { id: 'inconsistent', text: 'The same query returns different results' },
        { id: 'constraint', text: 'Constraints are violated' },
        { id: 'logic-errors', text: 'The application reports impossible states' },
      ],
    },
    {
      key: 'S3',
      title: 'Regional outage',
      symptoms: [
        { id: 'services-down', text: 'Several AWS services in the region are not responding' },
        { id: 'network', text: 'The network to the region is impaired' },
        { id: 'outage', text: 'The service is down as a whole' },
      ],
    },
    {
      key: 'S4',
      title: 'Accidental deletion',
      symptoms: [
        { id: 'missing', text: 'Rows or tables are missing' },
        { id: 'features', text: 'Features of the application are broken' },
        { id: 'complaints', text: 'Users report lost data' },
      ],
    },
  ],
  escalation: [
    {
      level: 'L1',
      role: 'On-call engineer',
      name: 'Rotation',
      contact: { kind: 'pagerduty' },
      availability: { kind: 'always' },
      suggestNextAfterMinutes: 5,
    },
    {
      level: 'L2',
      role: 'Database administrator',
      name: 'DBA Team',
      contact: { kind: 'email', address: 'dba@castmatch.com' },
      availability: { kind: 'always' },
      suggestNextAfterMinutes: 10,
    },
    {
      level: 'L3',
      role: 'Infrastructure lead',
      name: 'John Smith',
      contact: { kind: 'phone', number: '+1-555-0100' },
      availability: { kind: 'business-hours', zone: 'America/Los_Angeles', fromHour: 9, toHour: 17 },
      suggestNextAfterMinutes: 15,
    },
    {
      level: 'L4',
      role: 'CTO',
      name: 'Jane Doe',
      contact: { kind: 'phone', number: '+1-555-0101' },
      availability: { kind: 'emergency-only' },
      suggestNextAfterMinutes: null,
    },
  ],
  externalContacts: [
    // The written runbook has a placeholder in place of the number.
    { service: 'AWS Support', contact: null, accountNumber: '123456789', supportLevel: 'Enterprise' },
    { service: 'PagerDuty', contact: 'support@pagerduty.com', accountNumber: 'PD-12345', supportLevel: 'Business' },
    { service: 'Datadog', contact: 'support@datadog.com', accountNumber: 'DD-67890', supportLevel: 'Pro' },
  ],
  channels: {
    incident: '#incidents',
    statusPage: 'https://status.castmatch.com',
    warRoom: 'https://meet.castmatch.com/warroom',
    runbooks: 'https://github.com/castmatch/runbooks',
  },
  review: { zone: 'America/Los_Angeles' },
  runbook: { version: '2.0', updated: '2025-09-02', nextReview: '2025-10-02', owner: 'Infrastructure Team' },
})
