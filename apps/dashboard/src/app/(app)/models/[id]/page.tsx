import type { Metadata } from "next";
import { ReleasePage } from "../../../../views/models/release-page.tsx";

interface Props {
  readonly params: Promise<{ readonly id: string }>;
}

export const generateMetadata = async ({ params }: Props): Promise<Metadata> => ({
  title: `Release ${decodeURIComponent((await params).id)}`,
});

export default async function Page({ params }: Props) {
  return <ReleasePage id={decodeURIComponent((await params).id)} />;
}
