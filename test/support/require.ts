/**
 * What a suite needs from the machine. Where it is missing the suite is skipped and says why; with ENGRAFT_REQUIRE_ALL=1
 * (as in .ci/run) the same is a failure.
 *
 *     requireOrSkip("chromium", findChromium).describe("the run page", (chromium) => { ... });
 */
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";

/** What was found, or a sentence that says how to get it. */
export type Probe<T> = { readonly found: T } | { readonly missing: string };

export interface Requirement<T> {
  readonly probe: Probe<T>;
  /** A suite whose body gets what was found; the body is not run where it is missing. */
  describe(title: string, body: (found: T) => void): void;
}

export function requireOrSkip<T>(what: string, probe: () => Probe<T>): Requirement<T> {
  const probed = probe();
  return {
    probe: probed,
    describe(title, body) {
      describe(title, () => {
        if ("found" in probed) {
          body(probed.found);
          return;
        }
        const reason = `needs ${what}: ${probed.missing}`;
        it.skipIf(process.env["ENGRAFT_REQUIRE_ALL"] !== "1")(reason, () => expect.fail(`ENGRAFT_REQUIRE_ALL=1, but this suite ${reason}`));
      });
    },
  };
}

/** Path of a chromium that playwright-core can drive. */
export function findChromium(): Probe<string> {
  const named = process.env["CHROMIUM_PATH"];
  const path = [named, "/usr/bin/chromium", "/usr/bin/chromium-browser"].find(
    (candidate) => candidate !== undefined && isExecutable(candidate),
  );
  return path === undefined ? { missing: "install Debian's chromium or set CHROMIUM_PATH" } : { found: path };
}

/** Folder with `initdb` and `postgres`: POSTGRES_BIN, else the newest of Debian's. */
export function findPostgres(): Probe<string> {
  const debian = "/usr/lib/postgresql";
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [process.env["POSTGRES_BIN"], ...versions.map((version) => join(debian, version, "bin"))];
  const folder = folders.find(
    (candidate) => candidate !== undefined && isExecutable(join(candidate, "initdb")) && isExecutable(join(candidate, "postgres")),
  );
  return folder === undefined ? { missing: "install Debian's postgresql or set POSTGRES_BIN to the folder of initdb" } : { found: folder };
}

/** Folder of `mariadbd`: MARIADB_BIN, else Debian's. */
export function findMariadb(): Probe<string> {
  const folder = [process.env["MARIADB_BIN"], "/usr/sbin"].find(
    (candidate) => candidate !== undefined && isExecutable(join(candidate, "mariadbd")),
  );
  return folder === undefined
    ? { missing: "install Debian's mariadb-server or set MARIADB_BIN to the folder of mariadbd" }
    : { found: folder };
}

/** A Python (ENGRAFT_PYTHON, else python3) that imports every one of `modules`. */
export function findPython(...modules: readonly string[]): () => Probe<string> {
  return () => {
    const python = process.env["ENGRAFT_PYTHON"] ?? "python3";
    const tried = spawnSync(python, ["-c", modules.map((module) => `import ${module}`).join("\n")], { stdio: "ignore", timeout: 120_000 });
    return tried.status === 0 ? { found: python } : { missing: `install Python 3 with ${modules.join(", ")} or set ENGRAFT_PYTHON` };
  };
}

/** A path under the folder of shared reference data: ENGRAFT_SHARED, else `shared` beside the checkout. */
export function findShared(path: string): () => Probe<string> {
  return () => {
    const shared = process.env["ENGRAFT_SHARED"] ?? resolve(import.meta.dirname, "../../../shared");
    const full = join(shared, path);
    return existsSync(full) ? { found: full } : { missing: `no ${path} in the shared folder; set ENGRAFT_SHARED` };
  };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
