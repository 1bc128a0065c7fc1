/** The page is served to this machine alone: which addresses it binds to, and under which names a browser may ask for it. Pure. */
import { EngraftError } from "@engraft/core/base/errors";

export const LOOPBACK = ["127.0.0.1", "::1"] as const;

/** Throws `bad-input` for every address that other machines could reach, names included: they are resolved by somebody else. */
export function requireLoopback(address: string): string {
  const known = LOOPBACK.find((one) => one === address);
  if (known !== undefined) return known;
  throw new EngraftError(
    "bad-input",
    `The site page binds to 127.0.0.1 or ::1 and to nothing that other machines reach; "${address.slice(0, 60)}" is neither. From another desk use an SSH tunnel.`,
  );
}

/** As a socket names its other end. */
export const isLoopback = (remote: string | undefined): boolean => remote === "::1" || /^(::ffff:)?127\.\d+\.\d+\.\d+$/.test(remote ?? "");

/** What a browser may call the page; any other name is a site of somebody else's that resolves here (DNS rebinding). */
export const hostsOf = (port: number): ReadonlySet<string> => new Set([`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`]);
