import { LoginPage } from "../../views/door/login-page.tsx";

export const metadata = { title: "Sign in" };

export default async function Page({ searchParams }: { readonly searchParams: Promise<{ readonly next?: string | string[] }> }) {
  const { next } = await searchParams;
  return <LoginPage next={typeof next === "string" ? next : undefined} />;
}
