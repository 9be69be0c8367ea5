-- AlterTable
ALTER TABLE "outbox" ADD COLUMN     "in_doubt" BOOLEAN NOT NULL DEFAULT false;

-- Until now only the number of tries told that a last answer might never have come.
UPDATE "outbox" SET "in_doubt" = true
WHERE ("state" = 'failed' AND "attempts" >= 5) OR ("state" = 'queued' AND "attempts" > 0);
