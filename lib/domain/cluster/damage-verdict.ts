import { type DamageFinding, damageBounds, damageConfirmedAt, damageScenario, gravest } from './damage'
import type { Diagnosis } from './types'

/** What is found of the writer, whatever is shown: neither damage to the data nor an outage around it says whether it answers. */
export function aboutWriter(diagnosis: Diagnosis): Diagnosis {
  const beside = diagnosis.damage?.writer ?? diagnosis.region?.writer
  return beside ? aboutWriter(beside) : diagnosis
}

const isCalm = ({ kind }: Diagnosis) => kind === 'healthy' || kind === 'unknown'

/**
 * Puts damage before what is found of the writer (S2 and S4 take precedence over S1): failing over a damaged database helps nobody.
 * `watched` says what is looked at, and what is not.
 */
export function withDamage(writer: Diagnosis, findings: DamageFinding[], watched: string[]): Diagnosis {
  const shown = gravest(findings)
  const evidence = [...writer.evidence, ...watched]
  if (!shown) return { ...writer, evidence }
  const certainty = shown.confidence >= damageConfirmedAt ? 'confirmed' : 'suspected'
  const [first, ...more] = shown.signs
  const others = more.length > 0 ? ` ${more.length} more ${more.length === 1 ? 'sign' : 'signs'}.` : ''
  return {
    kind: shown.kind,
    certainty,
    confidence: shown.confidence,
    headline: `${first?.says ?? 'Data is damaged.'}${others}`,
    detail: [
      damageBounds(shown),
      'Every replica has the same damage: a failover does not repair it.',
      ...(isCalm(writer) ? [] : [`Also: ${writer.headline.replace(/\.$/, '')}.`]),
    ].join(' '),
    since: shown.foundAt,
    scenario: damageScenario[shown.kind],
    recommend: certainty === 'confirmed',
    confirmsAt: null,
    held: null,
    evidence: [...findings.flatMap(({ signs }) => signs.map(({ says }) => says)), ...evidence],
    damage: { shown, findings, writer },
  }
}
