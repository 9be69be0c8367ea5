-- AlterTable
ALTER TABLE "page" ADD COLUMN     "ended_at" TIMESTAMPTZ(3);
