/** What went wrong, in words: what happened, what is safe, what to do. */
import { TRPCClientError } from "@trpc/client";

export interface Trouble {
  readonly what: string;
  readonly safe: string;
  readonly next: string;
  /** Stable code, shown last and small; null where the coordinator could not be asked. */
  readonly code: string | null;
  readonly kind: "unreachable" | "signed-out" | "forbidden" | "missing" | "refused" | "fault";
}

interface ErrorData {
  readonly code?: string;
  readonly httpStatus?: number;
  readonly engraft?: string | null;
}

const SAFE = "Nothing was changed.";
const RUNS_GO_ON = "Runs go on without this page.";

export function troubleOf(error: unknown): Trouble {
  if (!(error instanceof TRPCClientError))
    return {
      what: "The page failed to show this.",
      safe: RUNS_GO_ON,
      next: "Reload the page. If it happens again, tell whoever runs the coordinator.",
      code: "page",
      kind: "fault",
    };
  const data = error.data as ErrorData | null | undefined;
  if (data === null || data === undefined)
    return {
      what: "The coordinator does not answer.",
      safe: RUNS_GO_ON,
      next: "Check your connection, then try again.",
      code: null,
      kind: "unreachable",
    };
  const code = data.engraft ?? data.code ?? null;
  const what = error.message;
  switch (data.code) {
    case "UNAUTHORIZED":
      return { what: "You are signed out.", safe: SAFE, next: "Sign in again.", code, kind: "signed-out" };
    case "FORBIDDEN":
      return { what, safe: SAFE, next: "Ask an admin of this federation.", code, kind: "forbidden" };
    case "NOT_FOUND":
      return { what, safe: SAFE, next: "Check the address, or go back to the list.", code, kind: "missing" };
    case "INTERNAL_SERVER_ERROR":
      return { what, safe: RUNS_GO_ON, next: "Try again. If it happens again, look into the coordinator's log.", code, kind: "fault" };
    default:
      return { what, safe: SAFE, next: "", code, kind: "refused" };
  }
}

/** Worth asking again by itself: only where no answer came. */
export const isPassing = (error: unknown): boolean => ["unreachable", "fault"].includes(troubleOf(error).kind);
