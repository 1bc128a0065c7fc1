/** Live views over SSE. Events carry their number, so that a reconnect goes on from the log; everything else is only for now. */
import * as z from "zod";
import { RunId } from "@engraft/core/base/ids";
import { tracked, type TrackedEnvelope } from "@trpc/server";
import type { App } from "../app.ts";
import { procedure } from "./procedures.ts";
import type { LiveItem } from "./views.ts";
import { withoutPeople } from "./without-people.ts";

const PAGE = 500;
/** A reader that is this far behind is let go; its browser reconnects and reads the log instead. */
const MAX_WAITING = 5_000;

type Sent = LiveItem | TrackedEnvelope<LiveItem>;

const runOf = (item: Exclude<LiveItem, { kind: "changed" }>): string =>
  item.kind === "progress" ? item.progress.run : item.kind === "timing" ? item.timing.run : item.run;

const isOf = (item: LiveItem, run: string | null): boolean => run === null || item.kind === "changed" || runOf(item) === run;

async function* follow(
  { store, feed, metrics, accounts }: App,
  {
    run,
    after,
    viewer,
    user,
  }: { readonly run: string | null; readonly after: number | undefined; readonly viewer: boolean; readonly user: string | undefined },
  signal: AbortSignal | undefined,
): AsyncGenerator<Sent> {
  const shown = (item: LiveItem): LiveItem => (viewer ? withoutPeople(item) : item);
  const reader = { waiting: [] as LiveItem[], left: signal?.aborted === true, wake: (): void => undefined };
  const forget = user === undefined ? undefined : accounts.sessions.watch(user, () => leave());
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
      for (const { seq, run: of, event } of page) yield tracked(String(seq), shown({ kind: "event", seq, run: of, event }));
      seen = page.at(-1)?.seq ?? seen;
      more = page.length === PAGE;
    }
    while (!reader.left && reader.waiting.length < MAX_WAITING) {
      const item = reader.waiting.shift();
      if (item === undefined) {
        await new Promise<void>((resolve) => {
          reader.wake = resolve;
        });
      } else if (item.kind !== "event") yield shown(item);
      else if (item.seq > seen) {
        metrics.lag("reader", item.event);
        yield tracked(String(item.seq), shown(item));
      }
    }
  } finally {
    stop();
    forget?.();
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
    follow(
      ctx.app,
      {
        run: input.run,
        after: input.lastEventId === undefined ? undefined : Number(input.lastEventId),
        viewer: ctx.caller?.role === "viewer",
        user: ctx.caller?.id,
      },
      signal,
    ),
  );
