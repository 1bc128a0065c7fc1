/**
 * Cox's proportional hazards model (Cox 1972): the log hazard ratio is linear in the inputs. The partial likelihood does not change with a
 * constant, so the head's bias changes no figure: its gradient is 0 but for rounding. The baseline hazard is no part of the model.
 */
import type { Shape } from "../ir/layers.ts";
import { logistic } from "./mlp.ts";
import type { NamedArchitecture } from "./net.ts";

export const cox = (input: Shape): NamedArchitecture => logistic(input, 1);
