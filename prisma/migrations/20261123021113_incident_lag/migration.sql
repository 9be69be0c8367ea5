-- CreateTable
CREATE TABLE "incident_lag" (
    "number" INTEGER NOT NULL,
    "kept_at" TIMESTAMPTZ(3) NOT NULL,
    "from_ms" BIGINT NOT NULL,
    "to_ms" BIGINT NOT NULL,
    "points" JSONB NOT NULL,
    "marks" JSONB NOT NULL,

    CONSTRAINT "incident_lag_pkey" PRIMARY KEY ("number")
);
