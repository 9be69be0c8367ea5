import { countOf, type ListedKeys, mostListed } from '../../domain/reconcile/listed'
import type { Difference, TableComparison } from '../../domain/reconcile/policy'
import type { DatabaseAddress, MergeReader } from '../../ports/reconcile'

/** The first rows of each kind by their keys: the report names them when the comparison is long gone. */
export async function firstKeys(
  reader: MergeReader,
  target: DatabaseAddress,
  batch: string,
  compared: TableComparison,
): Promise<ListedKeys> {
  const of = async (kind: Difference): Promise<string[]> =>
    countOf(kind, compared) === 0
      ? []
      : (await reader.rows(target, batch, compared.table, { kind, after: null, limit: mostListed })).map(
          ({ key }) => key,
        )
  return { source: await of('source'), target: await of('target'), different: await of('different') }
}
