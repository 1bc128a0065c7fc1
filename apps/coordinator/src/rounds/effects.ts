/** Everything that a run does to the world: the runner's only way out (app wiring in runs.ts, notes in its test). */
import type { Refusal } from "@engraft/core/base/errors";
import type { Digest, SiteName } from "@engraft/core/base/ids";
import type { Ask, Outcome } from "@engraft/core/protocol/messages";
import type { BlobRef } from "@engraft/core/rounds/events";
import type { OweStep } from "@engraft/core/rounds/secure/owed";
import type { SecureState, Unmasking } from "@engraft/core/rounds/secure/state";
import type { Logger } from "@engraft/runtime/log";
import type { StoredEvent } from "../api/views.ts";
import type { Append, Appended } from "../store/store.ts";
import type { Combine } from "./combine.ts";
import type { Standing } from "./next-checkpoint.ts";
import type { NotOpened, Opened } from "./secure/open-sum.ts";

/** A sum that was opened, with the record of it; or why none could be. */
export type OpeningResult = (Opened & { readonly record: BlobRef }) | NotOpened;

export interface Effects {
  readonly now: () => number;
  readonly log: Logger;
  readonly online: () => SiteName[];
  /** Changes with every new link of the site; undefined while it is offline. */
  readonly sessionOf: (site: SiteName) => object | undefined;
  /** Whether the site's last decision about the plan is yes. */
  readonly mayAsk: (site: SiteName) => boolean;
  /** Rejects where what the ask names is not here as it must be. */
  readonly ask: (site: SiteName, ask: Ask) => Promise<void>;
  readonly cancel: (run: string, sites: readonly SiteName[], text: string) => void;
  readonly append: (append: Append) => Promise<Appended>;
  readonly load: () => Promise<readonly StoredEvent[]>;
  /** The next checkpoint; a refusal where the updates are lost for good. */
  readonly combine: (due: Combine) => Promise<Standing | Refusal>;
  /** Sends a site the step that it is owed. */
  readonly step: (due: OweStep, state: SecureState) => Promise<void>;
  /** Opens a sum, or says why it cannot be. */
  readonly open: (state: Unmasking) => Promise<OpeningResult>;
  /** Tells a site what a sum came to. */
  readonly outcome: (site: SiteName, outcome: Outcome) => void;
  /** 32 random bytes, hex. */
  readonly nonce: () => Digest;
  /** The last checkpoint becomes a release. */
  readonly release: (checkpoint: BlobRef) => Promise<void>;
  /** Called with everything that became durable, after the state has it. */
  readonly happened: (appended: Appended) => void;
  /** Nothing is owed any more. */
  readonly done: () => void;
}
