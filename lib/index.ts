import type { Bus } from "./bus/bus.ts";
import { central } from "./central.ts";

export type { Bus, CloseOptions } from "./bus/bus.ts";
export type { LifecycleEvents } from "./bus/lifecycle.ts";
export type { GroupTarget, InstanceTarget, PeerTarget } from "./bus/targets.ts";
export type { Middleware, Next, Slot } from "./chain/layer.ts";
export type { Any, AnyOptions } from "./emit/any.ts";
export type { Data, EventMap, Listener, NoEvents, Reply, Untyped } from "./emit/event-map.ts";
export type { Gathering, Outcome, OutcomesCallback } from "./emit/gathering.ts";
export type { Group } from "./emit/group.ts";
export type { AckCallback, Receipt } from "./emit/receipt.ts";
export type { Target } from "./emit/target.ts";
export {
  BusError,
  type End,
  type ErrorCode,
  type Executed,
  isBusError,
} from "./errors/bus-error.ts";
export type { Endpoint } from "./links/connector.ts";
export type { PeerKind } from "./links/link.ts";
export type { Direction, Kind, Message } from "./message/message.ts";
export type { AnyEmitOptions, EmitOptions } from "./message/options.ts";
export type { Peer, PeerState } from "./message/peer.ts";
export { ackTracking } from "./middleware/ack-tracking.ts";
export { fdGuard } from "./middleware/fd-guard.ts";
export type { FieldsFirstLogger, FieldsLastLogger, Logger } from "./middleware/logger.ts";
export { type LoggingOptions, logging } from "./middleware/logging.ts";
export { namespacing } from "./middleware/namespacing.ts";
export { type QueueingOptions, queueing } from "./middleware/queueing.ts";
export type { NamespaceOptions } from "./namespace/namespace.ts";
export type { Limits } from "./outbox/limits.ts";
export type { Handle } from "./wire/handle.ts";
export { isFrame } from "./wire/protocol.ts";

/** The bus of this process, in the default namespace `_`. Loading it changes nothing in the process. */
export const bus: Bus = central.bus;
