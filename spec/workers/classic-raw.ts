// A cluster worker without clusterphone: it sends what it is told to, and tells what it hears.
import { once } from "node:events";
import { connect } from "node:net";

interface Order {
  readonly say?: unknown[];
  /** Along with what is said goes a connection to that port. */
  readonly port?: number;
}

process.on("message", (message: Order) => {
  if (message.say) void obey(message.say, message.port);
  else process.send?.({ heard: message });
});
process.send?.({ heard: "up" });

async function obey(say: unknown[], port: number | undefined): Promise<void> {
  for (const said of say) {
    if (port === undefined) {
      process.send?.(said);
    } else {
      const socket = connect(port, "127.0.0.1");
      await once(socket, "connect");
      process.send?.(said, socket);
    }
  }
}
