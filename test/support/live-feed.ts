/** What the coordinator tells whoever watches, as a browser would hear it: one line of its live feed after the other. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { LiveItem, ProgressView } from "@engraft/coordinator/api/views";
import type { Federation } from "../../tools/federation/federation.ts";

export interface LiveFeed {
  readonly progress: readonly ProgressView[];
  stop(): void;
}

export async function watchFeed(federation: Federation): Promise<LiveFeed> {
  const token = (await readFile(join(federation.coordinatorDir, "operator.token"), "utf8")).trim();
  const abort = new AbortController();
  const input = encodeURIComponent(JSON.stringify({ run: null }));
  const response = await fetch(`${federation.url}/trpc/live?input=${input}`, {
    headers: { authorization: `Bearer ${token}`, accept: "text/event-stream" },
    signal: abort.signal,
  });
  if (response.body === null || !response.ok) throw new Error(`the live feed answers ${response.status}`);
  const progress: ProgressView[] = [];
  void read(response.body, (item) => {
    if (item.kind === "progress") progress.push(item.progress);
  }).catch(() => undefined);
  return { progress, stop: () => abort.abort() };
}

async function read(body: ReadableStream<Uint8Array>, take: (item: LiveItem) => void): Promise<void> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    const lines = text.split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) {
      const item: unknown = line.startsWith("data: {") ? JSON.parse(line.slice("data: ".length)) : undefined;
      if (typeof item === "object" && item !== null && "kind" in item) take(item as LiveItem);
    }
  }
}
