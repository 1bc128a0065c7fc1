import { AuditPage } from "../../../views/people/audit-page.tsx";

export const metadata = { title: "Audit" };

export default function Page() {
  return <AuditPage />;
}
