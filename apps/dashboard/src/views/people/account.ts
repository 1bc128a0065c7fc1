/** The fields of a new account, and what to enter where one is not right. */
import type { PeopleWords } from "./words.ts";

export interface AccountWrong {
  readonly name?: string;
  readonly email?: string;
  readonly password?: string;
}

export interface Account {
  readonly name: string;
  readonly email: string;
  readonly password: string;
}

/** As the coordinator asks. */
export const MIN_PASSWORD = 10;

export const textOf = (data: FormData, key: string): string => {
  const value = data.get(key);
  return typeof value === "string" ? value : "";
};

export function checkAccount(data: FormData, words: PeopleWords): { readonly account: Account } | { readonly wrong: AccountWrong } {
  const account = { name: textOf(data, "name").trim(), email: textOf(data, "email").trim(), password: textOf(data, "password") };
  const wrong: AccountWrong = {
    ...(account.name === "" ? { name: words.wrongName } : {}),
    ...(/^[^\s@]+@[^\s@]+$/.test(account.email) ? {} : { email: words.wrongEmail }),
    ...(account.password.length < MIN_PASSWORD ? { password: words.wrongPassword } : {}),
  };
  return Object.keys(wrong).length > 0 ? { wrong } : { account };
}
