// A child that has nothing to do but to send: a handle, and some messages behind it.
import { connect } from "node:net";
import { bus } from "../../lib/index.ts";

const socket = connect(Number(process.argv[2]), "127.0.0.1", () => {
  const parent = bus.to("parent");
  parent.emit("from-below", "with a handle", { handle: socket, queueHandle: true });
  for (const number of [1, 2, 3]) parent.emit("from-below", number);
});
