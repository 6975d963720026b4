// Says what it knows of its parent, asks to be ended, and echoes what is none of the bus's.
import { bus, isFrame } from "../../lib/index.ts";

bus.on("what do you know of me", (_, { peer }) => ({
  pid: peer.pid,
  hasTarget: peer.target !== undefined,
  own: process.pid,
}));
bus.on("go wrong", () => bus.to("parent").emit("gone wrong") && undefined);
process.on("message", (message) => {
  if (!isFrame(message)) process.send?.(message);
});
