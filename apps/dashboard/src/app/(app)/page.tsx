import { HomePage } from "../../views/home/home-page.tsx";

export const metadata = { title: "Home" };

export default function Page() {
  return <HomePage />;
}
