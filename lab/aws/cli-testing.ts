/**
 * The AWS CLI, unmodified, for tests against the lab's real servers. It shares no code with our own client: what it
 * understands is the protocol, not our idea of it.
 */
import { execFile } from 'node:child_process'
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { expect } from 'vitest'
import type { LabSecrets } from '../contract'

export interface CliResult {
  code: number | null
  stdout: string
  stderr: string
}

export interface Cli {
  run(args: string[], environment?: Record<string, string>): Promise<CliResult>
  /** The answer of a call that must succeed without a word on stderr. */
  // biome-ignore lint/suspicious/noExplicitAny: a test reads of it what it expects
  json(...args: string[]): Promise<any>
  /** Its own directory, removed by `end`. */
  home: string
  end(): void
}

function findCli(): string {
  const candidates = process.env.AWS_CLI_PATH
    ? [process.env.AWS_CLI_PATH]
    : (process.env.PATH ?? '').split(delimiter).map((directory) => join(directory, 'aws'))
  const found = candidates.find((file) => {
    try {
      accessSync(file, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
  if (!found) throw new Error('The AWS CLI is missing: install it (apt-get install awscli) or set AWS_CLI_PATH.')
  return found
}

/**
 * The CLI with the lab's credentials and nothing of this machine's own configuration. The endpoint is named on the command
 * line: before 2.13 the CLI reads no AWS_ENDPOINT_URL, and version 1 ignores it for RDS in us-east-1.
 */
export function cliOf(lab: { url: string; secrets: Pick<LabSecrets, 'awsAccessKeyId' | 'awsSecretAccessKey'> }): Cli {
  const { url } = lab
  const aws = findCli()
  const home = mkdtempSync(join(tmpdir(), 'wr-aws-cli-'))
  const run: Cli['run'] = (args, environment = {}) => {
    const env = {
      NODE_ENV: 'test' as const,
      PATH: process.env.PATH ?? '',
      HOME: home,
      LANG: 'C.UTF-8',
      AWS_CONFIG_FILE: join(home, 'config'),
      AWS_SHARED_CREDENTIALS_FILE: join(home, 'credentials'),
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_MAX_ATTEMPTS: '1',
      AWS_PAGER: '',
      AWS_DEFAULT_REGION: 'us-west-2',
      AWS_ACCESS_KEY_ID: lab.secrets.awsAccessKeyId,
      AWS_SECRET_ACCESS_KEY: lab.secrets.awsSecretAccessKey,
      ...environment,
    }
    return new Promise((done) => {
      execFile(
        aws,
        [...args, '--endpoint-url', url, '--output', 'json'],
        { env, timeout: 50_000, maxBuffer: 16 * 1024 * 1024 },
        (error, stdout, stderr) => {
          done({ code: error ? (typeof error.code === 'number' ? error.code : null) : 0, stdout, stderr })
        },
      )
    })
  }
  return {
    run,
    home,
    async json(...args) {
      const { code, stdout, stderr } = await run(args)
      expect(stderr, `aws ${args.join(' ')}`).toBe('')
      expect(code).toBe(0)
      return JSON.parse(stdout || 'null')
    },
    end: () => rmSync(home, { recursive: true, force: true }),
  }
}
