// A cluster worker that asks for a namespace which is not there, before anybody has said anything to it, and tells how that failed.
import type { ClassicError } from "../../lib/classic/types.ts";
import { load } from "../support/phones.ts";

const [copies = ""] = process.argv.slice(2);
load(copies)
  .ns("nobody's")
  .sendToMaster("x")
  .within(60_000)
  .ackd()
  .catch(({ message, code, executed }: ClassicError) => {
    process.send?.({ failed: [message, code, executed] });
  });
