import * as z from "zod";
import { CODES, type Code } from "./errors.ts";

/** A code as messages and files hold it. */
export const CodeText = z.enum(Object.keys(CODES) as [Code, ...Code[]]);
