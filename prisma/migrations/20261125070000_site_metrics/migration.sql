-- AlterTable
ALTER TABLE "approval" ADD COLUMN     "siteMetrics" BOOLEAN NOT NULL DEFAULT false;
