import type { SiteDetail } from "@engraft/coordinator/api/views";

export type Line = SiteDetail["site"]["line"];
