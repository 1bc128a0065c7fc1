import { NewPlanPage } from "../../../../views/plans/editor/new-plan-page.tsx";

export const metadata = { title: "Write plan" };

export default async function Page({ searchParams }: { readonly searchParams: Promise<{ readonly from?: string | string[] }> }) {
  const { from } = await searchParams;
  return <NewPlanPage from={typeof from === "string" ? from : undefined} />;
}
