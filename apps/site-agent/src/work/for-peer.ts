/** What the coordinator is told of a fault at this site: a file's place on this machine is nobody else's business. */
import { refuse, type EngraftError, type Refusal } from "@engraft/core/base/errors";

export function forPeer({ code, message }: EngraftError): Refusal {
  if (code === "disk-full")
    return refuse(code, "This site's disk is full. Its own people must free some space; the agent's log says where.");
  if (code === "disk-fault")
    return refuse(code, "This site's disk cannot be read or written. Its own people must look at it; the agent's log says where.");
  return refuse(code, message);
}
