import { UsersPage } from "../../../views/people/users-page.tsx";

export const metadata = { title: "Users" };

export default function Page() {
  return <UsersPage />;
}
