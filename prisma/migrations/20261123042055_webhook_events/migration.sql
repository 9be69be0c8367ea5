-- CreateTable
CREATE TABLE "webhook_event" (
    "source" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "taken_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "webhook_event_pkey" PRIMARY KEY ("source","id")
);

-- CreateIndex
CREATE INDEX "webhook_event_taken_at_idx" ON "webhook_event"("taken_at");
