// The other end of the contract suite: a child, a cluster worker or a thread.
import { isMainThread, type MessagePort, workerData } from "node:worker_threads";
import { bus } from "../../lib/index.ts";
import { serve } from "../contract/service.ts";

const port = isMainThread ? undefined : (workerData as { port?: MessagePort } | null)?.port;
serve(bus, port ?? "parent");
if (port) bus.to(port);
