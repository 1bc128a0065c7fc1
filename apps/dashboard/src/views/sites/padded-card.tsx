import type { ComponentProps } from "react";
import { Card } from "../../parts/card.tsx";

/** Parts of a card one under the other, with room between them. */
export function PaddedCard({ children, ...rest }: Omit<ComponentProps<typeof Card>, "padded">) {
  return (
    <Card {...rest} padded>
      <div className="grid gap-2.5">{children}</div>
    </Card>
  );
}
