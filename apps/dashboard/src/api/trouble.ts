/** What went wrong, in words: what happened, what is safe, what to do. */
import { TRPCClientError } from "@trpc/client";
import { troubleWords } from "../words/trouble.ts";

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

export function troubleOf(error: unknown, words: typeof troubleWords.en = troubleWords.en): Trouble {
  if (!(error instanceof TRPCClientError))
    return { what: words.pageFailed, safe: words.runsGoOn, next: words.reload, code: "page", kind: "fault" };
  const data = error.data as ErrorData | null | undefined;
  if (data === null || data === undefined)
    return { what: words.noAnswer, safe: words.runsGoOn, next: words.checkConnection, code: null, kind: "unreachable" };
  const code = data.engraft ?? data.code ?? null;
  const what = error.message;
  switch (data.code) {
    case "UNAUTHORIZED":
      return { what: words.signedOut, safe: words.unchanged, next: words.signIn, code, kind: "signed-out" };
    case "FORBIDDEN":
      return { what, safe: words.unchanged, next: words.askAdmin, code, kind: "forbidden" };
    case "NOT_FOUND":
      return { what, safe: words.unchanged, next: words.checkAddress, code, kind: "missing" };
    case "INTERNAL_SERVER_ERROR":
      return { what, safe: words.runsGoOn, next: words.seeLog, code, kind: "fault" };
    default:
      return { what, safe: words.unchanged, next: "", code, kind: "refused" };
  }
}

/** Worth asking again by itself: only where no answer came. */
export const isPassing = (error: unknown): boolean => ["unreachable", "fault"].includes(troubleOf(error).kind);
