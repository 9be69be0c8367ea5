import type { EnvironmentConfig } from '../../config/environment'

/** One fact of the configuration; no value means that it is not set up. */
interface EnvironmentFact {
  name: string
  values: string[]
  /** What it means that there is none. */
  missing: string
}
export interface EnvironmentView {
  name: string
  kind: EnvironmentConfig['kind']
  groups: { title: string; facts: EnvironmentFact[] }[]
}

/** An address without what may be secret in it: name and password, and all behind its path. */
const place = (url: string): string => {
  const { protocol, host, pathname } = new URL(url)
  return `${protocol}//${host}${pathname === '/' ? '' : pathname}`
}
const fact = (name: string, value: string | string[] | null | undefined, missing = 'not set up'): EnvironmentFact => ({
  name,
  values: value == null ? [] : [value].flat(),
  missing,
})

/** What the environment file says, in the order in which one asks. Nothing secret: of secrets the file has names only. */
export function presentEnvironment(config: EnvironmentConfig, runners: readonly string[]): EnvironmentView {
  const { aws, database, kubernetes, poolers, metrics, integrations, policy } = config
  return {
    name: config.name,
    kind: config.kind,
    groups: [
      {
        title: 'Cluster',
        facts: [
          fact('Cluster', aws.clusterId),
          fact('Account', aws.accountId),
          fact('Region', aws.region),
          fact('Recovery region', aws.drRegion),
          fact('Replica there', aws.crossRegionReplicaId, 'none configured'),
          fact('API', aws.endpointUrl ? place(aws.endpointUrl) : 'AWS default'),
          fact('Quarantine', aws.quarantineSecurityGroupId, 'no security group: an old writer cannot be isolated'),
        ],
      },
      {
        title: 'Database',
        facts: [
          fact('Database', database.name),
          fact('Watched as', `${database.user}, password in ${database.passwordVariable}`),
          fact(
            'Recovered as',
            database.recovery && `${database.recovery.user}, password in ${database.recovery.passwordVariable}`,
            'nobody: only a security group can fence an old writer',
          ),
          fact('Application', database.applicationRoles),
          fact('TLS', database.tls === 'disable' ? 'off' : 'checked in full'),
          fact('Tables counted', database.criticalTables.join(', ') || null, 'none named'),
          fact('Invariants', database.invariants.map(({ name }) => name).join(', ') || null, 'none named'),
          fact(
            'Lost commits',
            database.numberedCommits && `counted in ${database.numberedCommits.table}`,
            'estimated: commits are not numbered',
          ),
        ],
      },
      {
        title: 'Environment',
        facts: [
          fact('Poolers', poolers.map(({ name, host, port }) => `${name} (${host}:${port})`).join(', ') || null),
          fact('Kubernetes', kubernetes && `${kubernetes.context}, namespace ${kubernetes.namespace}`),
          fact('Deployments', kubernetes?.deployments),
          fact('Metrics', metrics && place(metrics.url)),
          fact('PagerDuty', integrations?.pagerduty && place(integrations.pagerduty.url)),
          fact('Slack', integrations?.slack && `${integrations.slack.channel} at ${place(integrations.slack.url)}`),
          fact('Status page', integrations?.statusPage && new URL(integrations.statusPage.url).host),
        ],
      },
      {
        title: 'This installation',
        facts: [
          fact('Runners', runners.map(place)),
          fact('Second person', policy.twoPersons ? 'approves dangerous steps' : 'is asked in production only'),
          fact(
            'Approved by',
            policy.approvals === 'passkey' ? 'a passkey that the runner has enrolled' : 'a sign-in within 5 min',
          ),
          fact('Break-glass', policy.breakGlass ? 'is possible, with a reason' : 'is switched off'),
        ],
      },
    ],
  }
}
