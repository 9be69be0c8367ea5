import type { ServerResponse } from 'node:http'

/**
 * What becomes of an answer on its way back: the connection is cut behind its headers, a page of something in between takes
 * its place, or nothing is left of its body. Each comes with 200, and after the effect.
 */
export const spoils = [
  { how: 'cut', title: 'cut off' },
  { how: 'garbage', title: 'replaced by a page' },
  { how: 'empty', title: 'emptied' },
] as const
export type Spoil = (typeof spoils)[number]['how']

export const spoiltPage =
  '<html>\r\n<head><title>200 OK</title></head>\r\n<body><center><h1>Welcome</h1></center><hr><center>nginx</center></body>\r\n</html>\r\n'

/** Answers with 200 and with nothing that says what was done. */
export function sendSpoilt(response: ServerResponse, how: Spoil): void {
  switch (how) {
    case 'cut':
      response.writeHead(200, { 'content-length': 4096 })
      response.flushHeaders()
      // In order, so that the headers do arrive: the caller knows of a 200 and gets nothing of its body.
      response.socket?.destroySoon()
      break
    case 'garbage':
      response.writeHead(200, { 'content-type': 'text/html', 'content-length': Buffer.byteLength(spoiltPage) })
      response.end(spoiltPage)
      break
    case 'empty':
      response.writeHead(200, { 'content-length': 0 })
      response.end()
      break
  }
}
