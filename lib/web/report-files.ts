import { incidentLabel } from '../domain/incident/labels'
import 'server-only'
import { admit } from '../store/admission'
import type { ViewContext } from '../views/context'
import { jsonReport, markdownReport, recordFoot } from '../views/report-files'
import { cookieValue } from './cookies'
import { webEnv } from './env'
import { MadeFiles } from './made-files'
import { zoneCookie, zoneFrom } from './present/first-reading'
import { printPage, type Sheet } from './print'

type ReportFormat = 'md' | 'json' | 'pdf'

const types: Record<ReportFormat, string> = {
  md: 'text/markdown; charset=utf-8',
  json: 'application/json; charset=utf-8',
  pdf: 'application/pdf',
}

/** Each walks the whole record and reads the incident's; a browser that prints is a heavy guest. */
const exports = new MadeFiles({ what: 'Exports', atOnce: 2, waiting: 20, freshMs: 5_000 })
const prints = new MadeFiles({ what: 'PDFs', atOnce: 1, waiting: 5, freshMs: 5_000 })

/**
 * The report as a file; the record's whole chain is checked for it. The same file for all who ask for it at the same time.
 * Throws ExpectedError, 'too-many-attempts' and 'unavailable' with when to try again.
 */
export async function reportFile(
  context: ViewContext,
  number: number,
  format: ReportFormat,
  cookie: string,
  paper: Sheet['paper'],
): Promise<{ name: string; type: string; bytes: number; body: ReadableStream<Uint8Array> }> {
  const { store, person } = context
  const sheet: Sheet = { paper, zone: zoneFrom(cookieValue(cookie, zoneCookie) ?? null) }
  await admit(store, format === 'pdf' ? 'pdf' : 'export', person.id)
  const file =
    format === 'pdf'
      ? // Printed with the session of whoever asks: nobody gets what another one sees.
        await prints.read(`${number} ${person.id} ${sheet.paper} ${sheet.zone}`, async (write) =>
          write(await print(context, number, cookie, sheet)),
        )
      : await exports.read(`${number} ${format}`, async (write) => {
          if (format === 'md') return await write(await markdownReport(context, number))
          for await (const piece of jsonReport(context, number)) await write(piece)
        })
  return { name: `${incidentLabel(number)}-report.${format}`, type: types[format], ...file }
}

/** The report on paper, as the screen prints it. */
async function print(context: ViewContext, number: number, cookie: string, sheet: Sheet): Promise<Uint8Array> {
  const foot = await recordFoot(context, number)
  const address = `http://${webEnv().WEB_HOST}:${webEnv().PORT}/incidents/${number}/report`
  return await printPage(address, cookie, { footer: foot, ...sheet })
}
