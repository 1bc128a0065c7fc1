import { PlansPage } from "../../../views/plans/plans-page.tsx";

export const metadata = { title: "Plans" };

export default function Page() {
  return <PlansPage />;
}
