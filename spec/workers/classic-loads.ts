// Loads copies of clusterphone, and has nothing else to do.
import { load } from "../support/phones.ts";

const [copies = ""] = process.argv.slice(2);
load(copies);
