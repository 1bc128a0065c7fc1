/** A plan out of the database. */
import { Plan } from "@engraft/core/models/plan";

/** It was checked when it was proposed. */
export const storedPlan = (text: string): Plan => Plan.parse(JSON.parse(text));
