import { PlansPage } from "../../../views/plans/page/plans-page.tsx";

export const metadata = { title: "Plans" };

export default function Page() {
  return <PlansPage />;
}
