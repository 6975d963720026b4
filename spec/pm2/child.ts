// A child of an app under PM2.
import { bus } from "../../lib/index.ts";

bus.on("echo", (data) => data);
