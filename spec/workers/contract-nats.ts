// The other end of the contract suite, with nothing but a NATS server between the two.
import { once } from "node:events";
import { connect } from "@nats-io/transport-node";
import { bus } from "../../lib/index.ts";
import { join } from "../../lib/nats/index.ts";
import { serve } from "../contract/service.ts";

const [servers = "", prefix = "", serialization, instance = ""] = process.argv.slice(2);
const connection = await connect({ servers, maxReconnectAttempts: -1, reconnectTimeWait: 50 });
const mesh = await join(bus, {
  name: "other",
  instance,
  connection,
  prefix,
  serialization: serialization as "json" | "advanced",
});
const member = () => mesh.members.find(({ name }) => name === "suite");
while (!member()) await once(mesh as never, "join");
// Nothing listens here before the suite says so.
await once(process.stdin, "data");
serve(bus, member()?.peer);
