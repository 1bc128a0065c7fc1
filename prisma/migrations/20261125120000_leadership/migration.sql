-- CreateTable
CREATE TABLE "leadership" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "epoch" BIGINT NOT NULL,

    CONSTRAINT "leadership_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "lease" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "epoch" BIGINT NOT NULL,
    "renewedAt" TIMESTAMPTZ(3) NOT NULL,
    "holder" TEXT NOT NULL,
    "folder" TEXT NOT NULL,

    CONSTRAINT "lease_pkey" PRIMARY KEY ("id")
);

INSERT INTO "leadership" ("id", "epoch") VALUES (1, 0);
INSERT INTO "lease" ("id", "epoch", "renewedAt", "holder", "folder") VALUES (1, 0, now(), '', '');

-- A connection that says for which epoch it was opened writes only while that epoch lasts. FOR SHARE makes a takeover wait
-- for a write that has begun, and a write that begins after it see the new epoch.
CREATE FUNCTION "engraft_fence"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    mine text := current_setting('engraft.epoch', true);
BEGIN
    IF mine IS NULL OR mine = '' THEN
        RETURN NULL;
    END IF;
    PERFORM 1 FROM "leadership" WHERE "id" = 1 AND "epoch" = mine::bigint FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'epoch % is over', mine USING ERRCODE = 'EG001';
    END IF;
    RETURN NULL;
END
$$;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['federation', 'user', 'session', 'account', 'verification', 'site', 'invite', 'base', 'plan', 'approval', 'run', 'event', 'statement', 'release', 'audit']
    LOOP
        EXECUTE format('CREATE TRIGGER fence BEFORE INSERT OR UPDATE OR DELETE ON %I FOR EACH STATEMENT EXECUTE FUNCTION engraft_fence()', name);
    END LOOP;
END
$$;
