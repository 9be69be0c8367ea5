-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "public";

-- CreateEnum
CREATE TYPE "account_role" AS ENUM ('viewer', 'responder', 'approver', 'commander', 'admin');

-- CreateTable
CREATE TABLE "account" (
    "id" UUID NOT NULL,
    "login" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "role" "account_role" NOT NULL,
    "password_hash" TEXT,
    "oidc_issuer" TEXT,
    "oidc_subject" TEXT,
    "disabled_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "account_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "session" (
    "id" UUID NOT NULL,
    "token_hash" TEXT NOT NULL,
    "account_id" UUID NOT NULL,
    "method" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "last_seen_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "revoked_at" TIMESTAMPTZ(3),
    "user_agent" TEXT,
    "address" TEXT,

    CONSTRAINT "session_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "sign_in_limit" (
    "key" TEXT NOT NULL,
    "failures" INTEGER NOT NULL,
    "window_end" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "sign_in_limit_pkey" PRIMARY KEY ("key")
);

-- CreateTable
CREATE TABLE "lease" (
    "name" TEXT NOT NULL,
    "holder" TEXT NOT NULL,
    "epoch" BIGINT NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "lease_pkey" PRIMARY KEY ("name")
);

-- CreateTable
CREATE TABLE "lag_sample" (
    "environment" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "by_node" JSONB NOT NULL,

    CONSTRAINT "lag_sample_pkey" PRIMARY KEY ("environment","at")
);

-- CreateTable
CREATE TABLE "lag_minute" (
    "environment" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "by_node" JSONB NOT NULL,

    CONSTRAINT "lag_minute_pkey" PRIMARY KEY ("environment","at")
);

-- CreateTable
CREATE TABLE "mark" (
    "environment" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "kind" TEXT NOT NULL,
    "text" TEXT NOT NULL,

    CONSTRAINT "mark_pkey" PRIMARY KEY ("environment","at","kind","text")
);

-- CreateTable
CREATE TABLE "probe_minute" (
    "environment" TEXT NOT NULL,
    "minute" TIMESTAMPTZ(3) NOT NULL,
    "probes" INTEGER NOT NULL,
    "failed" INTEGER NOT NULL,

    CONSTRAINT "probe_minute_pkey" PRIMARY KEY ("environment","minute")
);

-- CreateIndex
CREATE UNIQUE INDEX "account_login_key" ON "account"("login");

-- CreateIndex
CREATE UNIQUE INDEX "account_oidc_issuer_oidc_subject_key" ON "account"("oidc_issuer", "oidc_subject");

-- CreateIndex
CREATE UNIQUE INDEX "session_token_hash_key" ON "session"("token_hash");

-- CreateIndex
CREATE INDEX "session_account_id_idx" ON "session"("account_id");

-- CreateIndex
CREATE INDEX "session_expires_at_idx" ON "session"("expires_at");

-- CreateIndex
CREATE INDEX "sign_in_limit_window_end_idx" ON "sign_in_limit"("window_end");

-- AddForeignKey
ALTER TABLE "session" ADD CONSTRAINT "session_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "account"("id") ON DELETE CASCADE ON UPDATE CASCADE;
