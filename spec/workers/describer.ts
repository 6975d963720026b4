// A child that tells what has arrived: by the bus, and by plain `process.send`.
import { bus } from "../../lib/index.ts";
import { describeWhole } from "../support/describe.ts";

/** Sent plainly; the payload has the name that JSON gives to what is sent alone. */
export interface Plain {
  readonly plain: number;
  readonly "": unknown;
}

bus.on("see", (data) => describeWhole(data));
bus.on("fill", () => undefined);

process.on("message", (message: Partial<Plain>) => {
  if (message.plain === undefined) return;
  process.send?.({ plain: message.plain, text: describeWhole(message[""]) });
});
