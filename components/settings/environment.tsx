import { Fragment } from 'react'
import type { EnvironmentView } from '../../lib/web/present/environment'
import { Panel } from '../ui/panel'
import './settings.css'

/** What this copy guards, as the environment file says it. Secrets stand elsewhere, and are not here. */
export function Environment({ environment }: { environment: EnvironmentView }) {
  return (
    <Panel
      title="Environment"
      aside={
        <span className="text-12 text-text-2">
          {environment.name === environment.kind ? environment.name : `${environment.name}, ${environment.kind}`}
        </span>
      }
    >
      <div className="environment">
        {environment.groups.map(({ title, facts }) => (
          <section key={title} aria-label={title}>
            <h3>{title}</h3>
            <dl>
              {facts.map(({ name, values, missing }) => (
                <Fragment key={name}>
                  <dt>{name}</dt>
                  {values.length > 0 ? (
                    <dd className="mono">
                      {values.map((value) => (
                        <span key={value} className="block">
                          {value}
                        </span>
                      ))}
                    </dd>
                  ) : (
                    <dd className="text-text-3">{missing}</dd>
                  )}
                </Fragment>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <p className="px-4 pb-3 text-12 text-text-3">
        From the environment file, read at startup. It contains no secrets, only the names of their variables.
      </p>
    </Panel>
  )
}
