import "../../lib/index.ts";
