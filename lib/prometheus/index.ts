export {
  type ClusterMetrics,
  type ClusterMetricsOptions,
  clusterMetrics,
} from "./cluster-metrics.ts";
export type { Register } from "./metric.ts";
