/** The fields of a new account, and what to enter where one is not right. */

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
const MIN_PASSWORD = 10;

export function checkAccount(data: FormData): { readonly account: Account } | { readonly wrong: AccountWrong } {
  const text = (key: string): string => {
    const value = data.get(key);
    return typeof value === "string" ? value : "";
  };
  const account = { name: text("name").trim(), email: text("email").trim(), password: text("password") };
  const wrong: AccountWrong = {
    ...(account.name === "" ? { name: "Enter the name that others will see." } : {}),
    ...(/^[^\s@]+@[^\s@]+$/.test(account.email) ? {} : { email: "Enter an e-mail address, for example ada@hospital.example." }),
    ...(account.password.length < MIN_PASSWORD ? { password: `Enter at least ${MIN_PASSWORD} characters.` } : {}),
  };
  return Object.keys(wrong).length > 0 ? { wrong } : { account };
}
