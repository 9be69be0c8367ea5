import type { IncomingMessage } from 'node:http'
import type { LabRegion, LabRoute, Plane } from '../contract'

/**
 * Stands before every API of the lab's one HTTP port: the region and service of the signature's scope say whom a request is
 * for. Kubernetes, which serves a second port too, asks for itself.
 */
export function regionRoute(reach: LabRegion): LabRoute {
  return async (request) => {
    const place = placeOf(request, reach.region)
    return place !== null && (await reach.keeps(request, place.region, place.plane))
  }
}

/** Null for what belongs to no region, such as the lab's own control. */
function placeOf({ headers, url }: IncomingMessage, home: string): { region: string; plane: Plane } | null {
  const [, region, service] =
    /Credential=[^/]+\/[^/]+\/([^/]+)\/([^/]+)\/aws4_request/.exec(headers.authorization ?? '') ?? []
  if (region && service) return { region, plane: service === 's3' ? 'data' : 'control' }
  return url?.startsWith('/prometheus/') ? { region: home, plane: 'data' } : null
}
