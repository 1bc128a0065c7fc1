/** How the fields of the propose form are bound to its values. */
import type { FormKey, PlanForm } from "./plan-form.ts";

type TextKey = { [K in keyof PlanForm]: PlanForm[K] extends string ? (string extends PlanForm[K] ? K : never) : never }[keyof PlanForm];

interface Parts {
  readonly form: PlanForm;
  readonly change: (part: Partial<PlanForm>) => void;
  /** What to enter, where the value is wrong and the field was left. */
  readonly wrongOf: (key: FormKey) => string | undefined;
  readonly leave: (key: FormKey) => void;
}

/** What every section needs: the values, and how a text field is bound to one. */
export interface Bound extends Parts {
  readonly text: (key: TextKey) => ReturnType<typeof bindText>;
  readonly figure: (key: TextKey) => ReturnType<typeof bindText> & { readonly inputMode: "decimal" };
}

function bindText(key: TextKey, { form, change, wrongOf, leave }: Parts) {
  return {
    value: form[key],
    autoComplete: "off",
    wrong: wrongOf(key),
    onChange: (event: { readonly target: { readonly value: string } }) => change({ [key]: event.target.value }),
    onBlur: () => leave(key),
  };
}

export const bindFields = (parts: Parts): Bound => ({
  ...parts,
  text: (key) => bindText(key, parts),
  figure: (key) => ({ ...bindText(key, parts), inputMode: "decimal" }),
});
