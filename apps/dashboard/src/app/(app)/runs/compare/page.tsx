import type { Metadata } from "next";
import { CompareRunsPage } from "../../../../views/compare/compare-runs-page.tsx";

export const metadata: Metadata = { title: "Compare runs" };

interface Props {
  readonly searchParams: Promise<Readonly<Record<string, string | readonly string[] | undefined>>>;
}

const one = (value: string | readonly string[] | undefined): string | undefined => (typeof value === "string" ? value : undefined);

export default async function Page({ searchParams }: Props) {
  const { runs, metric } = await searchParams;
  return <CompareRunsPage chosen={one(runs)} wanted={one(metric)} />;
}
