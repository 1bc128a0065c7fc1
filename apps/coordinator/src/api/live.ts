/** Live views over SSE. Events carry their number, so that a reconnect goes on from the log; everything else is only for now. */
import * as z from "zod";
import { RunId } from "@engraft/core/base/ids";
import { tracked, type TrackedEnvelope } from "@trpc/server";
import type { App } from "../app.ts";
import { procedure } from "./procedures.ts";
import type { LiveItem } from "./views.ts";

const PAGE = 500;
/** A reader that is this far behind is let go; its browser reconnects and reads the log instead. */
const MAX_WAITING = 5_000;

type Sent = LiveItem | TrackedEnvelope<LiveItem>;

const isOf = (item: LiveItem, run: string | null): boolean =>
  run === null || item.kind === "changed" || (item.kind === "progress" ? item.progress.run : item.run) === run;

async function* follow(
  { store, feed, metrics }: App,
  run: string | null,
  after: number | undefined,
  signal: AbortSignal | undefined,
): AsyncGenerator<Sent> {
  const reader = { waiting: [] as LiveItem[], left: signal?.aborted === true, wake: (): void => undefined };
  const stop = feed.listen((item) => {
    if (!isOf(item, run)) return;
    reader.waiting.push(item);
    reader.wake();
  });
  const leave = (): void => {
    reader.left = true;
    reader.wake();
  };
  signal?.addEventListener("abort", leave);
  try {
    // Listening began before the log is read, so nothing falls between the two; what is in both is sent once.
    let seen = after ?? 0;
    for (let more = after !== undefined; more;) {
      const page = await store.eventsAfter(seen, run, PAGE);
      for (const { seq, run: of, event } of page) yield tracked(String(seq), { kind: "event", seq, run: of, event });
      seen = page.at(-1)?.seq ?? seen;
      more = page.length === PAGE;
    }
    while (!reader.left && reader.waiting.length < MAX_WAITING) {
      const item = reader.waiting.shift();
      if (item === undefined) {
        await new Promise<void>((resolve) => {
          reader.wake = resolve;
        });
      } else if (item.kind !== "event") yield item;
      else if (item.seq > seen) {
        metrics.lag("reader", item.event);
        yield tracked(String(item.seq), item);
      }
    }
  } finally {
    stop();
    signal?.removeEventListener("abort", leave);
  }
}

export const live = procedure
  .input(
    z.strictObject({
      run: RunId.nullable(),
      lastEventId: z
        .string()
        .regex(/^[0-9]{1,15}$/)
        .optional(),
    }),
  )
  .subscription(({ ctx, input, signal }) =>
    follow(ctx.app, input.run, input.lastEventId === undefined ? undefined : Number(input.lastEventId), signal),
  );
