-- CreateTable
CREATE TABLE "timing" (
    "run" TEXT NOT NULL,
    "round" INTEGER NOT NULL,
    "site" TEXT NOT NULL,
    "life" BIGINT NOT NULL,
    "offsetMs" INTEGER NOT NULL,
    "statement" TEXT NOT NULL,

    CONSTRAINT "timing_pkey" PRIMARY KEY ("run","round","site","life")
);

-- Like every table: written only by the coordinator that leads (20261125120000_leadership).
CREATE TRIGGER fence BEFORE INSERT OR UPDATE OR DELETE ON "timing" FOR EACH STATEMENT EXECUTE FUNCTION engraft_fence();
