/** What an account may be called. */
import * as z from "zod";

export const Email = z.email("not an e-mail address").max(254);
export const Name = z.string().trim().min(1).max(120);
export const Password = z.string().min(10, "at least 10 characters").max(128, "at most 128 characters");
