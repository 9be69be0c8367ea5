-- CreateTable
CREATE TABLE "store_environment" (
    "name" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "stamped_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "store_environment_pkey" PRIMARY KEY ("name")
);

-- Web and runner only read it: which environments a store belongs to is said by its owner.
REVOKE ALL ON "store_environment" FROM PUBLIC;
