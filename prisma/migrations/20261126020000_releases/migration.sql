-- AlterTable
ALTER TABLE "release" ADD COLUMN     "name" TEXT,
ADD COLUMN     "notes" TEXT,
ADD COLUMN     "releasedAt" TIMESTAMP(3),
ADD COLUMN     "releasedBy" TEXT,
ADD COLUMN     "version" TEXT,
ADD COLUMN     "withdrawn" TEXT,
ADD COLUMN     "withdrawnAt" TIMESTAMP(3),
ADD COLUMN     "withdrawnBy" TEXT;

-- CreateTable
CREATE TABLE "download" (
    "releaseId" TEXT NOT NULL,
    "file" TEXT NOT NULL,
    "count" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "download_pkey" PRIMARY KEY ("releaseId","file")
);

-- CreateIndex
CREATE UNIQUE INDEX "release_name_version_key" ON "release"("name", "version");

-- AddForeignKey
ALTER TABLE "download" ADD CONSTRAINT "download_releaseId_fkey" FOREIGN KEY ("releaseId") REFERENCES "release"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- Like every table: written only by the coordinator that leads (20261125120000_leadership).
CREATE TRIGGER fence BEFORE INSERT OR UPDATE OR DELETE ON "download" FOR EACH STATEMENT EXECUTE FUNCTION engraft_fence();
