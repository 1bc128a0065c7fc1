import { AlertsPage } from "../../../views/alerts/alerts-page.tsx";

export const metadata = { title: "Alerts" };

export default function Page() {
  return <AlertsPage />;
}
