/** Hostile addresses for webhooks, against real servers and a resolver that lies. */
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isPublic, judgedTarget, type Resolve } from "./address.ts";
import { postWebhook, signature } from "./webhook.ts";

interface Heard {
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
  readonly url: string;
}

let server: Server;
let port: number;
const NOTHING: Heard = { headers: {}, body: "", url: "" };
let heard: Heard[] = [];
let answer: {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly hang?: boolean;
} = { status: 204 };
beforeAll(async () => {
  server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += String(chunk)));
    request.on("end", () => {
      heard.push({ headers: request.headers, body, url: request.url ?? "" });
      if (answer.hang !== true) response.writeHead(answer.status, answer.headers).end(answer.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ({ port } = server.address() as AddressInfo);
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const never: Resolve = (host) => Promise.reject(new Error(`asked for ${host}`));
const says =
  (...addresses: readonly string[]): Resolve =>
  () =>
    Promise.resolve(addresses.map((address) => ({ address })));
const bounds = (resolve: Resolve, ...allow: readonly string[]) => ({ resolve, allow, proxyFor: () => undefined });
const codeOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => "taken",
    (error: { readonly code?: string }) => error.code,
  );

describe("a webhook's address", () => {
  it.each([
    ["loopback", "https://127.0.0.1/"],
    ["loopback in short", "https://127.1/"],
    ["loopback in decimal", "https://2130706433/"],
    ["loopback in octal", "https://0177.0.0.1/"],
    ["loopback in hexadecimal", "https://0x7f000001/"],
    ["loopback in wide digits", "https://１２７.０.０.１/"],
    ["this host", "https://0.0.0.0/"],
    ["private 10", "https://10.1.2.3/"],
    ["private 172", "https://172.31.255.254/"],
    ["private 192", "https://192.168.0.1/"],
    ["carrier's", "https://100.64.0.1/"],
    ["metadata", "https://169.254.169.254/latest/meta-data/"],
    ["metadata in decimal", "https://2852039166/"],
    ["multicast", "https://224.0.0.1/"],
    ["broadcast", "https://255.255.255.255/"],
    ["IPv6 loopback", "https://[::1]/"],
    ["IPv6 unspecified", "https://[::]/"],
    ["IPv4-mapped", "https://[::ffff:127.0.0.1]/"],
    ["IPv4-mapped in hexadecimal", "https://[::ffff:7f00:1]/"],
    ["IPv4-mapped metadata", "https://[::ffff:a9fe:a9fe]/"],
    ["IPv4-compatible", "https://[::7f00:1]/"],
    ["NAT64", "https://[64:ff9b::7f00:1]/"],
    ["6to4", "https://[2002:7f00:1::]/"],
    ["Teredo", "https://[2001:0:7f00:1::]/"],
    ["unique local", "https://[fd00:ec2::254]/"],
    ["link-local", "https://[fe80::1]/"],
    ["no TLS", "http://93.184.216.34/"],
    ["another scheme", "ftp://93.184.216.34/"],
    ["a file", "file:///etc/passwd"],
  ])("[X6] %s is refused", async (_, url) => {
    expect(await codeOf(judgedTarget(url, bounds(never)))).toBe("not-allowed");
  });

  it("[X6] what is refused is refused behind a name too, also where only one of its addresses is inside", async () => {
    for (const inside of [
      "127.0.0.1",
      "10.0.0.1",
      "169.254.169.254",
      "::1",
      "::ffff:10.0.0.1",
      "fe80::1%eth0",
      "fd12::1",
      "not an address",
    ])
      expect(`${inside} ${String(await codeOf(judgedTarget("https://hook.example/", bounds(says("93.184.216.34", inside)))))}`).toBe(
        `${inside} not-allowed`,
      );
    expect(await codeOf(judgedTarget("https://hook.example/", bounds(says("93.184.216.34", "2606:2800:220:1::1"))))).toBe("taken");
    expect(await codeOf(judgedTarget("https://hook.example/", bounds(never)))).toBe("bad-input");
    expect(await codeOf(judgedTarget("https://hook.example/", bounds(says())))).toBe("bad-input");
    expect(isPublic("8.8.8.8")).toBe(true);
  });

  it("[X6] takes no password in it", async () => {
    expect(await codeOf(judgedTarget("https://user:secret@hook.example/", bounds(says("93.184.216.34"))))).toBe("bad-input");
  });

  it("[X6] an allowed host may lie inside and go by http; a metadata service may not even then", async () => {
    expect(await codeOf(judgedTarget("http://pager.hospital.example/", bounds(says("10.0.0.7"), "pager.hospital.example")))).toBe("taken");
    expect(await codeOf(judgedTarget("http://pager.hospital.example:8080/", bounds(says("10.0.0.7"), "pager.hospital.example:80")))).toBe(
      "not-allowed",
    );
    for (const address of ["169.254.169.254", "fe80::1", "fd00:ec2::254", "::ffff:169.254.169.254"])
      expect(await codeOf(judgedTarget("http://pager.hospital.example/", bounds(says(address), "pager.hospital.example")))).toBe(
        "not-allowed",
      );
  });
});

describe("a webhook's delivery", () => {
  const delivery = (url: string) => ({ id: "d1", url, secret: "top secret", body: '{"what":"x"}', now: 1_700_000_000_000 });
  const options = (resolve: Resolve, allow: readonly string[] = []) => ({ ...bounds(resolve, ...allow), timeoutMs: 700 });
  const inside = () => options(says("127.0.0.1"), ["pager.example"]);
  const url = () => `http://pager.example:${port}/hook`;

  it("[X5] is signed over its time and body, and carries its number", async () => {
    heard = [];
    answer = { status: 204 };
    await postWebhook(delivery(url()), inside());
    const [{ headers, body } = NOTHING] = heard;
    expect(body).toBe('{"what":"x"}');
    expect(headers["engraft-delivery"]).toBe("d1");
    expect(headers["engraft-signature"]).toBe(signature("top secret", 1_700_000_000, body));
    expect(signature("top secret", 1_700_000_000, body)).not.toBe(signature("top secret", 1_700_000_001, body));
    expect(headers["host"]).toBe(`pager.example:${port}`);
  });

  it("[X6] goes to the address that was judged: a resolver that changes its mind reaches nothing inside", async () => {
    heard = [];
    let asked = 0;
    const rebinding: Resolve = () => Promise.resolve([{ address: asked++ === 0 ? "192.0.3.1" : "127.0.0.1" }]);
    const failed = postWebhook(delivery(`https://rebind.example:${port}/`), options(rebinding));
    await expect(failed).rejects.toThrow(/cannot be reached|in time/);
    expect(asked).toBe(1);
    expect(heard).toEqual([]);
  });

  it("[X6] follows no redirect and tells nothing of the answer's body", async () => {
    heard = [];
    answer = { status: 302, headers: { location: `http://127.0.0.1:${port}/admin` }, body: "the secret of the inner service" };
    const failed = postWebhook(delivery(url()), inside());
    await expect(failed).rejects.toThrow("redirects are not followed");
    await expect(failed).rejects.not.toThrow("secret of the inner");
    answer = { status: 500, body: "the secret of the inner service" };
    await expect(postWebhook(delivery(url()), inside())).rejects.toThrow(/^The receiver answered 500\.$/);
    expect(heard.map(({ url: path }) => path)).toEqual(["/hook", "/hook"]);
  });

  it("[X6] behind a proxy: the proxy is asked for the name, which need not be known here; what is known to lead inside stays shut", async () => {
    const asked: string[] = [];
    const proxy = createServer().on("connect", (request: IncomingMessage, socket: Socket) => {
      asked.push(request.url ?? "");
      socket.end(`HTTP/1.1 ${asked.length === 1 ? "403 Forbidden" : "407 Proxy Authentication Required"}\r\n\r\n`);
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    const at = new URL(`http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
    const behind = (resolve: Resolve, ...allow: readonly string[]) => ({ ...options(resolve, allow), proxyFor: () => at });
    await expect(postWebhook(delivery("https://hook.example/x"), behind(never))).rejects.toThrow(
      `The proxy ${at.host} refused (403). Ask its administrators to let CONNECT to hook.example:443 through.`,
    );
    await expect(postWebhook(delivery("https://hook.example:8443/x"), behind(says("93.184.216.34")))).rejects.toThrow("name and password");
    expect(asked).toEqual(["hook.example:443", "hook.example:8443"]);
    for (const inner of ["10.0.0.7", "169.254.169.254"])
      expect(await codeOf(postWebhook(delivery("https://hook.example/x"), behind(says(inner))))).toBe("not-allowed");
    expect(await codeOf(postWebhook(delivery("https://10.0.0.7/x"), behind(never)))).toBe("not-allowed");
    // What the settings name is inside the network: it is dialled directly.
    heard = [];
    answer = { status: 204 };
    await postWebhook(delivery(url()), behind(says("127.0.0.1"), "pager.example"));
    expect([heard.length, asked.length]).toEqual([1, 2]);
    proxy.close();
  });

  it("[X6] does not wait for a receiver that never answers", async () => {
    answer = { status: 200, hang: true };
    await expect(postWebhook(delivery(url()), inside())).rejects.toThrow("did not answer in time");
  });
});
