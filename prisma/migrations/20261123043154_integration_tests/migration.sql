-- CreateTable
CREATE TABLE "integration_test" (
    "id" TEXT NOT NULL,
    "environment" TEXT NOT NULL,
    "integration" TEXT NOT NULL,
    "link" TEXT NOT NULL,
    "asked_by_id" TEXT NOT NULL,
    "asked_by_name" TEXT NOT NULL,
    "asked_at" TIMESTAMPTZ(3) NOT NULL,
    "taken_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),
    "passed" BOOLEAN,
    "says" TEXT,
    "reference" TEXT,

    CONSTRAINT "integration_test_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "integration_test_environment_integration_asked_at_idx" ON "integration_test"("environment", "integration", "asked_at");
