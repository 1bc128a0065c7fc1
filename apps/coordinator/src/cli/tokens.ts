/** `engraft-coordinator token`: tokens of people with an account, made on the coordinator's own machine. */
import { EngraftError } from "@engraft/core/base/errors";
import { Scope } from "../api/access.ts";
import type { TokenView } from "../api/views.ts";
import { withApi, type Reach } from "./api.ts";
import type { Said } from "./commands.ts";

const day = (at: number): string => new Date(at).toISOString().slice(0, 10);

export async function createToken(
  reach: Reach,
  { owner, name, scopes, days }: { readonly owner: string; readonly name: string; readonly scopes: string; readonly days: string },
): Promise<Said> {
  const wanted = scopes.split(/[\s,]+/).map((text) => {
    const scope = Scope.safeParse(text);
    if (!scope.success) throw new EngraftError("bad-input", `"${text}" is no scope. There are ${Scope.options.join(", ")}.`);
    return scope.data;
  });
  const made = await withApi(reach, (api) => api.tokens.create.mutate({ name, scopes: wanted, days: Number(days), owner }));
  return {
    json: made,
    lines: [
      `A token of ${made.owner} for ${made.scopes.join(", ")}, good until ${day(made.expiresAt)}. It is shown now and never again:`,
      made.secret,
      "Use it so, without leaving it in the shell's history (ENGRAFT_TOKEN holds it):",
      `curl -H "Authorization: Bearer $ENGRAFT_TOKEN" ${reach.url}/trpc/releases.list`,
    ],
  };
}

export async function listTokens(reach: Reach): Promise<Said> {
  const tokens = await withApi(reach, (api) => api.tokens.list.query());
  return { json: tokens, lines: tokens.length === 0 ? ["There is no token."] : tokens.map(lineOf) };
}

function lineOf({ id, owner, name, scopes, expiresAt, lastUsedAt, revokedAt, counts }: TokenView): string {
  const state = counts
    ? `good until ${day(expiresAt)}`
    : revokedAt === null
      ? `expired or barred (${day(expiresAt)})`
      : `revoked ${day(revokedAt)}`;
  const used = lastUsedAt === null ? "never used" : `last used ${day(lastUsedAt)}`;
  return `${id}  ${owner}  ${scopes.join(",")}  ${state}, ${used}  ${name}`;
}

export async function revokeToken(reach: Reach, id: string): Promise<Said> {
  await withApi(reach, (api) => api.tokens.revoke.mutate({ id }));
  return { json: { id, revoked: true }, lines: [`The token ${id} counts no more.`] };
}
