/** Single requests to the coordinator by the route that the agent takes. */
import { request as httpRequest, type IncomingHttpHeaders, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Route } from "../link/proxy.ts";

const PATIENCE_MS = 20_000;

export interface Got {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** From the first byte of the answer's head to its last byte. */
  readonly seconds: number;
}

/** GET without following redirects. Rejects with node's error, `ETIMEDOUT` after 20 s without a byte, or where the body is longer than `limit`. */
export function get(url: string, route: Route, limit: number): Promise<Got> {
  const options: RequestOptions & { ca?: string[] } = {
    timeout: PATIENCE_MS,
    ...(route.agent === undefined ? {} : { agent: route.agent }),
    ...(route.ca === undefined ? {} : { ca: [...route.ca] }),
  };
  const send = url.startsWith("https:") ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const request = send(url, options, (response) => {
      const began = performance.now();
      const chunks: Buffer[] = [];
      let length = 0;
      response.on("data", (chunk: Buffer) => {
        length += chunk.byteLength;
        if (length > limit) request.destroy(new Error("The answer is longer than any that a coordinator gives"));
        else chunks.push(chunk);
      });
      response.once("error", reject);
      response.once("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks),
          seconds: (performance.now() - began) / 1000,
        }),
      );
    });
    request.once("timeout", () => request.destroy(Object.assign(new Error("No answer in time"), { code: "ETIMEDOUT" })));
    request.once("error", reject);
    request.end();
  });
}
