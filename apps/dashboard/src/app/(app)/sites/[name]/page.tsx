import type { Metadata } from "next";
import { SitePage } from "../../../../views/sites/site-page.tsx";

interface Props {
  readonly params: Promise<{ readonly name: string }>;
}

export const generateMetadata = async ({ params }: Props): Promise<Metadata> => ({
  title: `Site ${decodeURIComponent((await params).name)}`,
});

export default async function Page({ params }: Props) {
  return <SitePage name={decodeURIComponent((await params).name)} />;
}
