// As ../index.d.cts.
import type * as Module from "./index.js" with { "resolution-mode": "import" };

export type * from "./index.js" with { "resolution-mode": "import" };

export declare const clusterMetrics: typeof Module.clusterMetrics;
