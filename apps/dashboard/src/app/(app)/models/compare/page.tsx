import type { Metadata } from "next";
import { ComparePage } from "../../../../views/models/compare-page.tsx";

export const metadata: Metadata = { title: "Compare two models" };

interface Props {
  readonly searchParams: Promise<Readonly<Record<string, string | readonly string[] | undefined>>>;
}

const one = (value: string | readonly string[] | undefined): string | undefined => (typeof value === "string" ? value : undefined);

export default async function Page({ searchParams }: Props) {
  const { first, second } = await searchParams;
  return <ComparePage first={one(first)} second={one(second)} />;
}
