import { SetupPage } from "../../views/door/setup-page.tsx";

export const metadata = { title: "First admin" };

export default async function Page({ searchParams }: { readonly searchParams: Promise<{ readonly token?: string | string[] }> }) {
  const { token } = await searchParams;
  return <SetupPage token={typeof token === "string" ? token : undefined} />;
}
