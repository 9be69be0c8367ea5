import { readFileSync } from 'node:fs'
import { pino } from 'pino'
import { Canaries } from '../lib/collector/canaries'
import { ReportServer } from '../lib/collector/report-server'
import { labTempo, productionTempo } from '../lib/collector/tempo'
import { readVantageEnv } from '../lib/config/vantage-env'
import { systemClock } from '../lib/ports/clock'
import { canariesFor } from './starting/canaries'
import { endWithParent, exitOnConfigError, onStop } from './starting/process'

/*
 * The collector in the other region: whether the services of the home region answer from there, and whether its own region's do.
 * It writes nothing anywhere; the runner that leads asks it for its report, by the secret that both know.
 */
const env = exitOnConfigError(readVantageEnv)
const { environment, secret, databasePassword, VANTAGE_TLS_CERT: cert, VANTAGE_TLS_KEY: key } = env
const log = pino({ name: 'vantage' })
const tempo = environment.kind === 'lab' ? labTempo : productionTempo

const { canaries, close } = canariesFor(environment, databasePassword)
const collector = new Canaries(systemClock, canaries, tempo.vantageMs, (error) =>
  log.error({ err: error }, 'a canary failed in a way that was not foreseen'),
)
const tls = cert && key ? { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') } : null
const server = new ReportServer(secret, () => collector.report(), tls)
onStop(async () => {
  collector.stop()
  await Promise.all([server.close(), close()])
})
endWithParent()
collector.start()
const port = await server.listen(env.VANTAGE_HOST, env.VANTAGE_PORT)
log.info({ port, region: environment.aws.drRegion, canaries: canaries.length }, 'watching both regions')
