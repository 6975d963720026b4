import type { Scenario } from "../result.ts";
import { all } from "./all.ts";
import { any } from "./any.ts";
import { broadcast } from "./broadcast.ts";
import { loading } from "./loading.ts";
import { machines } from "./machines.ts";
import { memory } from "./memory.ts";
import { middlewares } from "./middlewares.ts";
import { oneWay } from "./one-way.ts";
import { payloads } from "./payloads.ts";
import { rivals } from "./rivals.ts";
import { roundTrips } from "./round-trips.ts";
import { threads } from "./threads.ts";
import { toAll } from "./to-all.ts";

/** All of them, in the order in which they run. */
export const scenarios: readonly Scenario[] = [
  roundTrips,
  rivals,
  oneWay,
  payloads,
  middlewares,
  toAll,
  broadcast,
  any,
  all,
  threads,
  machines,
  memory,
  loading,
];
