/** Gives every property test of a run the seed that the reporter prints. */
import fc from "fast-check";

fc.configureGlobal({ seed: Number(process.env["ENGRAFT_SEED"]) });
