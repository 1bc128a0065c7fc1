-- CreateTable
CREATE TABLE "channel" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "target" TEXT NOT NULL,
    "causes" TEXT NOT NULL,
    "on" BOOLEAN NOT NULL DEFAULT true,
    "secret" TEXT,
    "by" TEXT NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "channel_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "cause" (
    "key" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "what" TEXT NOT NULL,
    "next" TEXT NOT NULL,
    "href" TEXT NOT NULL,
    "since" TIMESTAMP(3) NOT NULL,
    "alertedAt" TIMESTAMP(3),

    CONSTRAINT "cause_pkey" PRIMARY KEY ("key")
);

-- CreateTable
CREATE TABLE "message" (
    "id" TEXT NOT NULL,
    "channelId" TEXT,
    "to" TEXT NOT NULL,
    "about" TEXT NOT NULL,
    "body" JSONB NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "nextAt" TIMESTAMP(3),
    "sentAt" TIMESTAMP(3),
    "failedAt" TIMESTAMP(3),
    "error" TEXT,

    CONSTRAINT "message_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "mail_choice" (
    "userId" TEXT NOT NULL,
    "endOfRun" BOOLEAN NOT NULL,

    CONSTRAINT "mail_choice_pkey" PRIMARY KEY ("userId")
);

-- CreateTable
CREATE TABLE "share" (
    "id" TEXT NOT NULL,
    "hash" TEXT NOT NULL,
    "runId" TEXT NOT NULL,
    "by" TEXT NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL,
    "expiresAt" TIMESTAMP(3) NOT NULL,
    "revokedAt" TIMESTAMP(3),
    "siteFigures" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "share_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "message_about_key" ON "message"("about");

-- CreateIndex
CREATE INDEX "message_nextAt_idx" ON "message"("nextAt");

-- CreateIndex
CREATE UNIQUE INDEX "share_hash_key" ON "share"("hash");

-- CreateIndex
CREATE INDEX "share_runId_idx" ON "share"("runId");

-- AddForeignKey
ALTER TABLE "mail_choice" ADD CONSTRAINT "mail_choice_userId_fkey" FOREIGN KEY ("userId") REFERENCES "user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Like every table: written only by the coordinator that leads (20261125120000_leadership).
CREATE TRIGGER fence BEFORE INSERT OR UPDATE OR DELETE ON "channel" FOR EACH STATEMENT EXECUTE FUNCTION engraft_fence();
CREATE TRIGGER fence BEFORE INSERT OR UPDATE OR DELETE ON "cause" FOR EACH STATEMENT EXECUTE FUNCTION engraft_fence();
CREATE TRIGGER fence BEFORE INSERT OR UPDATE OR DELETE ON "message" FOR EACH STATEMENT EXECUTE FUNCTION engraft_fence();
CREATE TRIGGER fence BEFORE INSERT OR UPDATE OR DELETE ON "mail_choice" FOR EACH STATEMENT EXECUTE FUNCTION engraft_fence();
CREATE TRIGGER fence BEFORE INSERT OR UPDATE OR DELETE ON "share" FOR EACH STATEMENT EXECUTE FUNCTION engraft_fence();
