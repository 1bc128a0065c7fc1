import { RunsPage } from "../../../views/runs/runs-page.tsx";

export const metadata = { title: "Runs" };

export default function Page() {
  return <RunsPage />;
}
