-- AlterTable
ALTER TABLE "cause" ADD COLUMN     "about" JSONB;

-- AlterTable
ALTER TABLE "channel" ADD COLUMN     "language" TEXT NOT NULL DEFAULT 'en';

-- AlterTable
ALTER TABLE "mail_choice" ADD COLUMN     "language" TEXT NOT NULL DEFAULT 'en';
