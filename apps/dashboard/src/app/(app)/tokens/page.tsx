import { TokensPage } from "../../../views/people/tokens-page.tsx";

export const metadata = { title: "Your tokens" };

export default function Page() {
  return <TokensPage />;
}
