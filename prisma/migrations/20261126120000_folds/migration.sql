-- CreateTable
CREATE TABLE "run_fold" (
    "run" TEXT NOT NULL,
    "shape" INTEGER NOT NULL,
    "summary" JSONB NOT NULL,

    CONSTRAINT "run_fold_pkey" PRIMARY KEY ("run")
);

-- CreateTable
CREATE TABLE "run_curve" (
    "run" TEXT NOT NULL,
    "metric" TEXT NOT NULL,
    "rounds" JSONB NOT NULL,
    "main" JSONB NOT NULL,
    "sites" JSONB NOT NULL,

    CONSTRAINT "run_curve_pkey" PRIMARY KEY ("run","metric")
);

-- Like every table: written only by the coordinator that leads (20261125120000_leadership).
CREATE TRIGGER fence BEFORE INSERT OR UPDATE OR DELETE ON "run_fold" FOR EACH STATEMENT EXECUTE FUNCTION engraft_fence();
CREATE TRIGGER fence BEFORE INSERT OR UPDATE OR DELETE ON "run_curve" FOR EACH STATEMENT EXECUTE FUNCTION engraft_fence();
