/** Keeps one subscription open: after a cut it waits a little longer each time and goes on from the last event it saw. */
import type { LiveItem } from "@engraft/coordinator/api/views";

export interface Connection {
  readonly status: "connecting" | "live" | "lost";
  /** When the connection was made or lost. */
  readonly since: number;
  /** When the next attempt begins; null while connected. */
  readonly nextTry: number | null;
}

/** What the stream is about: the federation (null) or one run, from the event after `from`. */
export interface Scope {
  readonly run: string | null;
  readonly from: string | undefined;
}

interface Handlers {
  readonly onStarted: () => void;
  readonly onItem: (item: LiveItem) => void;
  /** The stream ended, failed or fell silent. May come more than once. */
  readonly onCut: () => void;
}

export interface LinkDeps {
  readonly subscribe: (input: { readonly run: string | null; readonly lastEventId?: string }, handlers: Handlers) => () => void;
  readonly onItem: (item: LiveItem) => void;
  readonly onConnection: (connection: Connection) => void;
  /** Connected again after a cut: items without a number may have been missed. */
  readonly onBack: () => void;
}

export interface Link {
  readonly tryNow: () => void;
  readonly close: () => void;
}

const DELAYS_MS = [500, 1000, 2000, 4000, 8000];

export function openLink(scope: Scope, { subscribe, onItem, onConnection, onBack }: LinkDeps): Link {
  let cursor = scope.from;
  let attempts = 0;
  let lostAt: number | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let unsubscribe: (() => void) | undefined;
  let closed = false;

  const started = (): void => {
    attempts = 0;
    onConnection({ status: "live", since: Date.now(), nextTry: null });
    if (lostAt !== undefined) onBack();
    lostAt = undefined;
  };
  const take = (item: LiveItem): void => {
    if (item.kind === "event") cursor = String(item.seq);
    onItem(item);
  };
  const cut = (): void => {
    if (closed || timer !== undefined) return;
    const delay = DELAYS_MS[Math.min(attempts, DELAYS_MS.length - 1)] ?? 0;
    attempts++;
    lostAt ??= Date.now();
    timer = setTimeout(open, delay);
    onConnection({ status: "lost", since: lostAt, nextTry: Date.now() + delay });
    unsubscribe?.();
  };
  function open(): void {
    clearTimeout(timer);
    timer = undefined;
    unsubscribe = subscribe(
      { run: scope.run, ...(cursor === undefined ? {} : { lastEventId: cursor }) },
      { onStarted: started, onItem: take, onCut: cut },
    );
  }
  open();
  return {
    tryNow: () => {
      if (timer !== undefined) open();
    },
    close: () => {
      closed = true;
      clearTimeout(timer);
      unsubscribe?.();
    },
  };
}
