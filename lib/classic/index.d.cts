// As ../index.d.cts; but what require gives is the function itself.
import type * as Types from "./types.js" with { "resolution-mode": "import" };

declare const clusterphone: Types.Clusterphone;

declare namespace clusterphone {
  export type Acknowledge = Types.Acknowledge;
  export type AcknowledgedCallback<Reply> = Types.AcknowledgedCallback<Reply>;
  export type ClassicError = Types.ClassicError;
  export type Clusterphone = Types.Clusterphone;
  export type Handler = Types.Handler;
  export type Namespace = Types.Namespace;
  export type Sent = Types.Sent;
}

export = clusterphone;
