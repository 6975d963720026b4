// A child that says one thing, to which it wants no answer, and has nothing else to do.
import { bus } from "../../lib/index.ts";

bus.ackTimeout = 1;
bus.ns("says once").to("parent").emit("said", "once");
