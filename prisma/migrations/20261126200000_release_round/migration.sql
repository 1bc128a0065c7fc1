-- AlterTable
ALTER TABLE "release" ADD COLUMN     "round" INTEGER;
