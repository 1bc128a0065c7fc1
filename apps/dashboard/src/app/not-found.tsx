import Link from "next/link";
import { Brand } from "../shell/brand.tsx";

export const metadata = { title: "Not found" };

export default function NotFound() {
  return (
    <main className="mx-auto grid max-w-[480px] gap-3 px-4 py-16">
      <Brand />
      <h1>There is no such page</h1>
      <p className="text-fg-2">The address may be mistyped, or the page has another name now.</p>
      <p>
        <Link href="/">Go to Home</Link>
      </p>
    </main>
  );
}
