/** A webhook outside of the hospital, by the real coordinator through a proxy: nothing here knows the receiver's name. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { Federation } from "../tools/federation/federation.ts";
import { makeAuthority } from "./support/certificate.ts";
import { startHospitalProxy, startTlsFront } from "./support/hospital-proxy.ts";
import { openHook, type Hook } from "./support/receivers.ts";

const OUTSIDE = "alerts.outside.example";

let dir: string;
let hook: Hook;
const closing: (() => Promise<void>)[] = [];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "engraft-hook-"));
  hook = await openHook();
});
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
  hook.close();
  await rm(dir, { recursive: true, force: true });
});

it("[X6] leaves by HTTPS_PROXY, is checked against the receiver's own certificate, and says what to do where the proxy refuses", async () => {
  const authority = makeAuthority("The internet's");
  const ca = join(dir, "ca.pem");
  await writeFile(ca, authority.certificate);
  const front = await startTlsFront(hook.port, authority.server(OUTSIDE));
  closing.push(() => front.stop());
  const open = await startHospitalProxy(front.port, { kind: "passes", password: "engraft:let me out" });
  closing.push(() => open.stop());
  const withPassword = open.url.replace("//", "//engraft:let%20me%20out@");
  const federation = await Federation.start({ dir, env: { HTTPS_PROXY: withPassword, NO_PROXY: "", NODE_EXTRA_CA_CERTS: ca } });
  closing.push(() => federation.stop());
  const api = await federation.api();
  const channel = { name: "Outside", kind: "webhook" as const, on: true, causes: ["storage" as const], newSecret: false };
  const { id } = await api.alerts.save.mutate({ ...channel, url: `https://${OUTSIDE}/hook` });
  expect(await api.alerts.test.mutate({ id })).toEqual({ failed: null });
  expect(hook.heard.map(({ headers }) => headers.host)).toEqual([OUTSIDE]);
  // Of another name: the proxy lets it through, the certificate does not fit.
  const other = await api.alerts.save.mutate({ ...channel, url: "https://other.outside.example/hook" });
  expect((await api.alerts.test.mutate({ id: other.id })).failed).toContain("ERR_TLS_CERT_ALTNAME_INVALID");
  await federation.coordinator.stop();
  await federation.startCoordinator(undefined, { HTTPS_PROXY: open.url });
  expect(await (await federation.api()).alerts.test.mutate({ id })).toEqual({
    failed: expect.stringContaining("asks for a name and password. Write them into HTTPS_PROXY"),
  });
  expect(hook.heard).toHaveLength(1);
});
