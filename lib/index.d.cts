// Types for who loads the package by require, with a TypeScript that does not know that require can load modules
// (TS1479). What require gives is the module that import gives. A name more in index.ts is a line more here;
// check:package tells which is missing.
import type * as Module from "./index.js" with { "resolution-mode": "import" };

export type * from "./index.js" with { "resolution-mode": "import" };

export type BusError = Module.BusError;

export declare const ackTracking: typeof Module.ackTracking;
export declare const BusError: typeof Module.BusError;
export declare const bus: typeof Module.bus;
export declare const fdGuard: typeof Module.fdGuard;
export declare const isBusError: typeof Module.isBusError;
export declare const isFrame: typeof Module.isFrame;
export declare const logging: typeof Module.logging;
export declare const namespacing: typeof Module.namespacing;
export declare const queueing: typeof Module.queueing;
