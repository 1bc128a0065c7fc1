import { PlanPage } from "../../../../views/plans/page/plan-page.tsx";

export const metadata = { title: "Plan" };

export default async function Page({ params }: { readonly params: Promise<{ readonly digest: string }> }) {
  return <PlanPage digest={(await params).digest} />;
}
