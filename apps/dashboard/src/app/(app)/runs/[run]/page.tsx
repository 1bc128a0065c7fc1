import type { Metadata } from "next";
import { RunPage } from "../../../../views/runs/run-page.tsx";

interface Props {
  readonly params: Promise<{ readonly run: string }>;
}

export const generateMetadata = async ({ params }: Props): Promise<Metadata> => ({
  title: `Run ${decodeURIComponent((await params).run)}`,
});

export default async function Page({ params }: Props) {
  return <RunPage run={decodeURIComponent((await params).run)} />;
}
