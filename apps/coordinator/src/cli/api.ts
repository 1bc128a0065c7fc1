/** The running coordinator, from the command line on its machine: the same API that the dashboard uses, with the operator's token. */
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { stat } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { pipeline } from "node:stream/promises";
import { EngraftError, isCode, type Code } from "@engraft/core/base/errors";
import { readIfThere } from "@engraft/runtime/files";
import { createTRPCClient, httpLink, TRPCClientError, type TRPCClient } from "@trpc/client";
import type { AppRouter } from "../api/router.ts";
import { operatorTokenPath } from "../auth/secrets.ts";

export type Api = TRPCClient<AppRouter>;

export interface Reach {
  readonly url: string;
  readonly data: string;
}

/** Throws `not-signed-in` where the data folder holds no token. */
async function operatorToken({ data }: Reach): Promise<string> {
  const token = (await readIfThere(operatorTokenPath(data)))?.trim();
  if (token === undefined)
    throw new EngraftError(
      "not-signed-in",
      `There is no operator.token in ${data}. Name the coordinator's folder with --data, or start the coordinator once.`,
    );
  return token;
}

/** Calls the API; an error comes out with the code that the coordinator gave it. */
export async function withApi<T>(reach: Reach, use: (api: Api) => Promise<T>): Promise<T> {
  const token = await operatorToken(reach);
  const api = createTRPCClient<AppRouter>({
    links: [httpLink({ url: `${reach.url}/trpc`, headers: { authorization: `Bearer ${token}` } })],
  });
  try {
    return await use(api);
  } catch (error) {
    throw asFault(error, reach);
  }
}

function asFault(error: unknown, { url }: Reach): unknown {
  if (!(error instanceof TRPCClientError)) return error;
  const data = error.data as { readonly engraft?: Code | null } | null | undefined;
  const answer = error.meta?.["responseJSON"] as { readonly role?: string } | undefined;
  if (answer?.role === "standby") return standsBy();
  if (data === null || data === undefined) return unreachable(url, error);
  return typeof data.engraft === "string"
    ? new EngraftError(data.engraft, error.message, { cause: error })
    : new EngraftError(data.engraft === null ? "not-allowed" : "unreachable", error.message, { cause: error });
}

const unreachable = (url: string, cause: unknown): EngraftError =>
  new EngraftError("unreachable", `No coordinator answers at ${url}. Start it, or name its address with --url.`, { cause });

async function get(reach: Reach, path: string, signal?: AbortSignal): Promise<Response> {
  const headers = { authorization: `Bearer ${await operatorToken(reach)}` };
  return fetch(new URL(path, reach.url), { headers, ...(signal !== undefined && { signal }) }).catch((cause: unknown) => {
    throw unreachable(reach.url, cause);
  });
}

/** The answer to a path of the coordinator's, as it comes, until `signal` is aborted. */
export async function follow(reach: Reach, path: string, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
  const response = await get(reach, path, signal);
  if (!response.ok || response.body === null) throw refused(await response.text());
  return response.body;
}

const standsBy = (): EngraftError =>
  new EngraftError("unreachable", "This coordinator stands by. Name the address of the one that leads with --url.");

/** Downloads a path of the coordinator's into a file; false where it is not kept any more. */
export async function download(reach: Reach, path: string, to: string): Promise<boolean> {
  const response = await get(reach, path);
  if (response.status === 404) return false;
  if (!response.ok || response.body === null) throw refused(await response.text());
  await pipeline(response.body, createWriteStream(to, { mode: 0o600 }));
  return true;
}

/** Uploads a file under its digest, which is returned. */
export async function upload(reach: Reach, path: string): Promise<string> {
  const hash = createHash("sha256");
  const { size } = await stat(path).catch((cause: unknown) => {
    throw new EngraftError("not-found", `There is no file ${path}.`, { cause });
  });
  await pipeline(createReadStream(path), hash);
  const digest = hash.digest("hex");
  const token = await operatorToken(reach);
  const url = new URL(`/blobs/${digest}`, reach.url);
  const request = (url.protocol === "https:" ? httpsRequest : httpRequest)(url, {
    method: "PUT",
    headers: { authorization: `Bearer ${token}`, "content-length": size },
  });
  const answered = new Promise<{ readonly status: number; readonly text: string }>((resolve, reject) => {
    request.once("error", (error) => reject(unreachable(reach.url, error)));
    request.once("response", (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => (text += part));
      response.once("end", () => resolve({ status: response.statusCode ?? 0, text }));
    });
  });
  createReadStream(path).pipe(request);
  const { status, text } = await answered;
  if (status !== 200) throw refused(text);
  return digest;
}

function refused(text: string): EngraftError {
  try {
    const { error, role } = JSON.parse(text) as {
      readonly role?: string;
      readonly error?: { readonly code?: string; readonly text?: string };
    };
    if (role === "standby") return standsBy();
    if (error?.code !== undefined && isCode(error.code)) return new EngraftError(error.code, error.text ?? error.code);
  } catch {
    // Not from a coordinator.
  }
  return new EngraftError("unreachable", "This was not answered by a coordinator. Is the address right?");
}
