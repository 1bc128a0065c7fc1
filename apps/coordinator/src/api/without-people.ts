/** E-mail addresses out of an answer: a viewer sees what happened and in which role, not who it was. */

/** An actor of the audit log, `admin:ada@example.org (token 12ab)`, or any address alone. */
const ACTOR = /\b(admin|researcher|viewer):[^\s@",:;()<>]+@[^\s@",:;()<>]+( \(token [0-9a-f]+\))?/g;
const ADDRESS = /[^\s@",:;()<>]+@[^\s@",:;()<>]+/g;

const hidden = (text: string): string =>
  text.includes("@") ? text.replace(ACTOR, (_, role: string) => role).replace(ADDRESS, "(hidden)") : text;

/** The same value with every address in it replaced, keys included. */
export function withoutPeople<T>(value: T): T {
  if (typeof value === "string") return hidden(value) as T;
  if (Array.isArray(value)) return value.map((each: unknown) => withoutPeople(each)) as T;
  if (value === null || typeof value !== "object" || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [hidden(key), withoutPeople(each)])) as T;
}
