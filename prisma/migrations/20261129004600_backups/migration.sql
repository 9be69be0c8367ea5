-- Backups in S3: both buckets as they were last read, one row for each environment, written over; and what was found of every
-- version that was read to its end. Who may do what with them is granted after each migration (lib/store/grants.ts).

CREATE TABLE backup_catalogue (
  environment text PRIMARY KEY,
  at timestamptz(3) NOT NULL,
  sample jsonb NOT NULL,
  CONSTRAINT backup_catalogue_environment_fkey FOREIGN KEY (environment) REFERENCES environment (name)
);

CREATE TABLE backup_check (
  environment text NOT NULL,
  bucket text NOT NULL,
  key text NOT NULL,
  etag text NOT NULL,
  at timestamptz(3) NOT NULL,
  ok boolean NOT NULL,
  says text NOT NULL,
  PRIMARY KEY (environment, bucket, key, etag),
  CONSTRAINT backup_check_environment_fkey FOREIGN KEY (environment) REFERENCES environment (name)
);
