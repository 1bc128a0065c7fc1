/**
 * Phase 4: one set of survivors. Before a share leaves, a site has seen the signed headers of all inputs in the sum, and
 * the signed echo of t survivors that saw the same ones. With at most c liars no two sets can find t echoes each.
 */
import { isRefusal, refuse, type Refusal } from "../base/errors.ts";
import type { Digest } from "../base/ids.ts";
import { sha256 } from "../crypto/digest.ts";
import { readOfRoster, type Roster } from "./advertise.ts";
import type { Directory } from "./directory.ts";
import { state, type Signing, type Statement } from "./statement.ts";
import { inputsHash } from "./transcript.ts";

export interface Survivors {
  /** Indices, ascending: the set U3. */
  readonly members: readonly number[];
  readonly hash: Digest;
}

/**
 * The set that these headers make, on both sides by the same rules. `headers` in the roster's order. A site passes its
 * own header, which must be there byte for byte: a site that is left out gives nothing.
 */
export function agreeOnSurvivors(
  directory: Directory,
  roster: Roster,
  shared: { readonly hash: Digest; readonly dealers: readonly number[] },
  headers: readonly Statement[],
  own?: Statement<"masked">,
): { readonly ok: true; readonly value: Survivors } | Refusal {
  const inputs: { readonly index: number; readonly header: Digest }[] = [];
  for (const header of headers) {
    const read = readOfRoster(directory, roster, "masked", header);
    if (isRefusal(read)) return read;
    const { index, shares } = read.value;
    if (shares !== shared.hash) return refuse("inputs-wrong", `${header.site} masked against other shares than this site saw.`);
    if (!shared.dealers.includes(index)) return refuse("inputs-wrong", `${header.site} stands among the survivors but dealt no shares.`);
    if (index <= (inputs.at(-1)?.index ?? 0)) return refuse("inputs-wrong", "The survivors are not in the roster's order.");
    inputs.push({ index, header: sha256(header.body) });
  }
  if (own !== undefined && !headers.some((header) => header.site === own.site && Buffer.compare(header.body, own.body) === 0)) {
    return refuse("inputs-wrong", "This site's own vector is not in the sum: it gives no share.");
  }
  if (inputs.length < roster.numbers.minCohort) {
    return refuse("too-few-sites", `Only ${inputs.length} vectors are in the sum; ${roster.numbers.minCohort} are needed.`);
  }
  return { ok: true, value: { members: inputs.map(({ index }) => index), hash: inputsHash(roster.hash, shared.hash, inputs) } };
}

export const echo = (by: Signing, roster: Roster, index: number, survivors: Survivors): Statement<"echo"> =>
  state(by, "echo", { roster: roster.hash, index, inputs: survivors.hash });

/** A verified echo: who saw which inputs. */
export interface SeenEcho {
  readonly index: number;
  readonly inputs: Digest;
}

/** Echoes that are validly signed under this roster, whatever they say; the rules count them (release-rules.ts). */
export function readEchoes(
  directory: Directory,
  roster: Roster,
  echoes: readonly Statement[],
): { readonly ok: true; readonly value: readonly SeenEcho[] } | Refusal {
  const seen: SeenEcho[] = [];
  for (const statement of echoes) {
    const read = readOfRoster(directory, roster, "echo", statement);
    if (isRefusal(read)) return read;
    seen.push({ index: read.value.index, inputs: read.value.inputs });
  }
  return { ok: true, value: seen };
}
