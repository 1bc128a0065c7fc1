import { ReleasesPage } from "../../../views/models/releases-page.tsx";

export const metadata = { title: "Releases" };

export default function Page() {
  return <ReleasesPage />;
}
