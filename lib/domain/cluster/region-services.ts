/** What a region is made of as far as we use it; each is asked by one canary, which changes nothing. */
export const regionServices = ['rds', 'sts', 's3', 'kubernetes', 'database'] as const
export type RegionService = (typeof regionServices)[number]

export const serviceNames: Record<RegionService, string> = {
  rds: 'RDS API',
  sts: 'STS',
  s3: 'S3',
  kubernetes: 'Kubernetes API',
  database: 'Database',
}
