/** What the coordinator's `doctor` was asked to look at. */
import { resolve } from "node:path";
import type { Config } from "../config.ts";

export interface Looking {
  /** Absolute. */
  readonly data: string;
  readonly databaseUrl: string | undefined;
  readonly host: string;
  readonly port: number;
  /** By which agents and browsers reach it, where that was said. */
  readonly publicUrl: string | undefined;
  readonly dashboardUrl: string | undefined;
  /** Read every needed blob instead of the newest. */
  readonly allBlobs: boolean;
  readonly now: () => number;
}

export const lookingFor = (config: Config, allBlobs: boolean): Looking => ({
  data: resolve(config.data),
  databaseUrl: config.databaseUrl,
  host: config.host,
  port: config.port,
  publicUrl: config.publicUrl,
  dashboardUrl: config.dashboardUrl,
  allBlobs,
  now: Date.now,
});

/** Where a coordinator with these settings is reached on its own machine. */
export function localUrl({ host, port }: Looking): string {
  const reachable = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  return `http://${reachable.includes(":") ? `[${reachable}]` : reachable}:${port}`;
}
