/** What a site's steward has approved of its data, out of the signed approvals alone: nothing that a site has not signed. */
import { readEnvelope } from "@engraft/core/crypto/envelope";
import { MESSAGES } from "@engraft/core/protocol/messages";
import type { Plan } from "@engraft/core/models/plan";
import type { Decision } from "../plans/approvals.ts";
import type { Store } from "../store/store.ts";
import type { ApprovedDataView } from "./views.ts";

/** Newest first. `plans` by digest; decisions about others are left out. */
export async function approvedData(
  store: Store,
  decisions: readonly Decision[],
  plans: ReadonlyMap<string, Plan>,
): Promise<readonly ApprovedDataView[]> {
  const approved = decisions.filter(({ decision }) => decision === "approved").toSorted((a, b) => b.at - a.at);
  const rows = await store.prisma.statement.findMany({ where: { digest: { in: approved.map(({ statement }) => statement) } } });
  const textOf = new Map(rows.map(({ digest, text }) => [digest, text]));
  return approved.flatMap((made) => {
    const plan = plans.get(made.plan);
    if (plan === undefined) return [];
    const signed = signedApproval(textOf.get(made.statement) ?? "");
    return [
      {
        plan: made.plan,
        planName: plan.name,
        planVersion: plan.version,
        steward: made.steward,
        at: made.at,
        fields: fieldNames(plan),
        minimum: plan.metrics.minCount,
        siteMetrics: made.siteMetrics,
        mapping: signed?.mapping ?? null,
        rowsAsPatients: signed?.rowsAsPatients === true,
      },
    ];
  });
}

/** Its signature was verified when it came. */
function signedApproval(text: string) {
  const envelope = readEnvelope(text);
  if (!envelope.ok) return undefined;
  try {
    return MESSAGES.approval.schema.safeParse(JSON.parse(envelope.value.payload)).data;
  } catch {
    return undefined;
  }
}

const fieldNames = (plan: Plan): readonly string[] => plan.data.fields.map(({ name }) => name);
