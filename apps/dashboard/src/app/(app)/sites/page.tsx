import { SitesPage } from "../../../views/sites/sites-page.tsx";

export const metadata = { title: "Sites" };

export default function Page() {
  return <SitesPage />;
}
