import type { Message } from "../message/message.ts";

/** A map of events: `{ event(data: Data): Reply }`. An interface or a type literal. */
export type EventMap<Map> = { [Event in keyof Map]: (data: never) => unknown };

/** The map of a namespace that was given none: any event, any data, any reply. */
export interface Untyped {
  [event: string]: (data: unknown) => unknown;
}

/** The map of a direction in which nothing is sent. */
export type NoEvents = Record<never, never>;

/** The names of a map's events. */
export type EventName<Map> = keyof Map & string;

/** The payload of an event. */
export type Data<Map, Event extends keyof Map> = Map[Event] extends (
  ...parameters: infer Parameters
) => unknown
  ? Parameters extends []
    ? undefined
    : Parameters[0]
  : never;

/** What `ackd()` of an event resolves to. */
export type Reply<Map, Event extends keyof Map> = Map[Event] extends (
  ...parameters: never[]
) => infer Result
  ? Awaited<Result>
  : never;

/**
 * What `on` takes. In an untyped namespace `data` is `unknown`, and may be declared as whatever it is
 * known to be.
 */
export type Listener<Map, Event extends keyof Map> =
  unknown extends Data<Map, Event>
    ? // A method's parameters may be narrower than declared, a function's may not: so `data` may be declared.
      {
        listen(data: unknown, message: Message): unknown;
      }["listen"]
    : (data: Data<Map, Event>, message: Message) => Reply<Map, Event> | Promise<Reply<Map, Event>>;

/** What follows the event in `emit`: the data may be left out where it may be undefined. */
export type EmitArguments<Map, Event extends keyof Map, Options> =
  undefined extends Data<Map, Event>
    ? [data?: Data<Map, Event>, options?: Options]
    : [data: Data<Map, Event>, options?: Options];
