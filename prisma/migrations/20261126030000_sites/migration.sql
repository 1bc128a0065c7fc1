-- AlterTable
ALTER TABLE "site" ADD COLUMN     "doctor" JSONB,
ADD COLUMN     "goneAt" TIMESTAMP(3),
ADD COLUMN     "goneBy" TEXT,
ADD COLUMN     "goneHow" TEXT,
ADD COLUMN     "line" JSONB;

-- CreateTable
CREATE TABLE "site_key" (
    "key" TEXT NOT NULL,
    "site" TEXT NOT NULL,
    "next" TEXT NOT NULL,
    "rotatedAt" TIMESTAMP(3) NOT NULL,
    "statement" TEXT NOT NULL,

    CONSTRAINT "site_key_pkey" PRIMARY KEY ("key")
);

-- CreateTable
CREATE TABLE "site_day" (
    "site" TEXT NOT NULL,
    "day" DATE NOT NULL,
    "seenMs" INTEGER NOT NULL,
    "upMs" INTEGER NOT NULL,
    "cuts" INTEGER NOT NULL,
    "longestMs" INTEGER NOT NULL,

    CONSTRAINT "site_day_pkey" PRIMARY KEY ("site","day")
);

-- CreateIndex
CREATE UNIQUE INDEX "site_key_next_key" ON "site_key"("next");

-- CreateIndex
CREATE UNIQUE INDEX "site_key_statement_key" ON "site_key"("statement");

-- CreateIndex
CREATE INDEX "site_key_site_idx" ON "site_key"("site");



-- Like every table: written only by the coordinator that leads (20261125120000_leadership).
CREATE TRIGGER fence BEFORE INSERT OR UPDATE OR DELETE ON "site_key" FOR EACH STATEMENT EXECUTE FUNCTION engraft_fence();
CREATE TRIGGER fence BEFORE INSERT OR UPDATE OR DELETE ON "site_day" FOR EACH STATEMENT EXECUTE FUNCTION engraft_fence();
