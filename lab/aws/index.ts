import type { Lab } from '../contract'
import { openClusterAttributes } from './cluster-attributes'
import { answer, type FrontDoor } from './front-door'
import { ViewHistory } from './history'
import { shapeOf } from './shape'
import { captureView } from './view'

export { labAccountId, labCallerArn } from './names'

/**
 * Adds RDS, STS and IAM to the lab's HTTP port: AWS Query protocol, signed requests, regions by the credential scope.
 * Throws when LAB_SHAPE holds an unknown word.
 */
export function registerAws(lab: Pick<Lab, 'context' | 'secrets' | 'addRoute' | 'addPart'>): void {
  const { context, secrets } = lab
  const shape = shapeOf(context)
  const clusterAttributes = openClusterAttributes(context, shape)
  const history = new ViewHistory()
  const door: FrontDoor = { context, secrets, shape, clusterAttributes, history }
  const remember = () => history.add(captureView(context, shape, clusterAttributes.get(), Date.now()))
  lab.addPart({
    start() {
      remember()
      context.cluster.on('change', remember)
    },
    stop() {
      context.cluster.off('change', remember)
    },
  })
  lab.addRoute((request, response) => answer(door, request, response))
}
