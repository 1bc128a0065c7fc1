/** The demo's result for people. */
import { meanAuroc, type DemoResult, type SiteResult } from "./run.ts";

export function comparisonTable(
  result: DemoResult,
  access: { readonly url: string; readonly email: string; readonly password: string },
): string {
  const header = ["hospital", "n", "base unchanged", "trained alone", "federated"];
  const rows = result.sites.map(({ site, n, base, alone, federated }) => [site, String(n), auroc(base), auroc(alone), auroc(federated)]);
  const means = ["mean", "", ...(["base", "alone", "federated"] as const).map((model) => meanAuroc(result, model)?.toFixed(3) ?? "")];
  const table = [header, ...rows, means];
  const widths = header.map((_, column) => Math.max(...table.map((row) => (row[column] ?? "").length)));
  const lines = table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("   ")
      .trimEnd(),
  );
  return `
AUROC on held-out patients (95 % confidence interval), after ${result.rounds} rounds
${lines.join("\n")}

All hospitals' patients together, out of the sum: ${pooled(result, "base")} base unchanged, ${pooled(result, "alone")} trained alone, ${pooled(result, "federated")} federated.
The coordinator saw sums only. In round ${result.killed.round} the agent of ${result.killed.site} was killed after the masks were agreed: the sum was
opened over ${result.killed.inSum.join(", ")}; round ${result.killed.round + 1} was over ${result.killed.inNextSum.join(", ")}.

Model      ${result.model.path}
           ${result.model.bytes} bytes, sha256 ${result.model.sha256}
Dashboard  ${access.url}
Login      ${access.email}   ${access.password}
`;
}

/** The sum's histograms leave it between bounds. */
function pooled(result: DemoResult, model: "base" | "alone" | "federated"): string {
  const value = result.pooled[model]["auroc"];
  const bounds = result.pooled[model]["aurocBounds"];
  if (typeof value !== "number" || !Array.isArray(bounds)) return "unknown";
  return `${value.toFixed(3)} (± ${(((bounds[1] as number) - (bounds[0] as number)) / 2).toFixed(3)})`;
}

function auroc(figures: SiteResult["base"]): string {
  const value = figures["auroc"];
  const interval = figures["aurocCi"];
  if (typeof value !== "number" || !Array.isArray(interval)) return "too few";
  return `${value.toFixed(3)} (${(interval as number[]).map((bound) => bound.toFixed(3)).join(" to ")})`;
}
