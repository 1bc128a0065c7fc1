/** Settings of the agent and its commands: flags > ENGRAFT_* > engraft.toml in the agent's home > defaults. */
import { join, resolve } from "node:path";
import * as z from "zod";
import { ENGINES, GPUS } from "@engraft/engine/native/wanted";
import { loadConfig } from "@engraft/runtime/config";

const Settings = z.strictObject({
  /** PEM file of a certificate authority to trust beside Node's. */
  ca: z.string().min(1).optional(),
  logLevel: z.enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"]).optional(),
  /** Folder of installed engines; a cache folder of the user by default. */
  engineCache: z.string().min(1).optional(),
  /** The engine that trains where it can, before the usual order. */
  engine: z.enum(ENGINES).optional(),
  /** A graphics processor that engines try first; where it is not there they go on without. */
  gpu: z.enum([...GPUS, "none"]).optional(),
});

export interface SiteConfig extends z.infer<typeof Settings> {
  /** Folder of the agent: keys, decisions, outbox, store. Absolute. */
  readonly home: string;
}

export interface Flags {
  readonly home?: string | undefined;
  readonly ca?: string | undefined;
  readonly logLevel?: string | undefined;
}

/** Throws `bad-config` with every problem. */
export async function readConfig(flags: Flags, env: Readonly<Record<string, string | undefined>>): Promise<SiteConfig> {
  const home = resolve(flags.home ?? env["ENGRAFT_HOME"] ?? "engraft-site");
  const settings = await loadConfig({
    schema: Settings,
    flags: { ca: flags.ca, logLevel: flags.logLevel },
    env,
    file: { path: join(home, "engraft.toml"), required: false },
  });
  const { ca, engineCache } = settings;
  return {
    ...settings,
    ...(ca === undefined ? {} : { ca: resolve(ca) }),
    ...(engineCache === undefined ? {} : { engineCache: resolve(engineCache) }),
    home,
  };
}
