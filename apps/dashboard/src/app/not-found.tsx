import { NoSuchPage } from "../shell/not-found.tsx";

export const metadata = { title: "Not found" };

export default function NotFound() {
  return <NoSuchPage />;
}
