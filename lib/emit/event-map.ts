import type { Message } from "../message/message.ts";

/**
 * A map of events: `{ event(data: Data): Reply }`. An interface, a type literal or a class. What cannot be sent does
 * not fit: an optional event, more than one parameter, or a function for data.
 */
export type EventMap<Map> = {
  [Event in keyof Map]-?: Map[Event] extends (...parameters: infer Parameters) => unknown
    ? Parameters["length"] extends 0 | 1
      ? IsFunction<Parameters[0]> extends true
        ? NotAnEvent<"the data of an event cannot be a function">
        : (data: never) => unknown
      : NotAnEvent<"an event has one parameter at most, its data: make it an object or a list">
    : NotAnEvent<"an event is a function that is always there: event(data: Data): Reply">;
};

/** Nothing is one: the compiler names it, with the reason, where it says what does not fit. */
interface NotAnEvent<Reason extends string> {
  readonly [reason]: Reason;
}
declare const reason: unique symbol;

/** The map of a namespace that was given none: any event, any data, any reply. */
export interface Untyped {
  [event: string]: (data: unknown) => unknown;
}

/** The map of a direction in which nothing is sent. */
export type NoEvents = Record<never, never>;

/**
 * What tells the views of different maps apart where types are compared, as their methods do not; there is nothing of it at run
 * time. What has no map fits all, and all fit it. A method, as either may have events that the other has not.
 */
export interface Maps<Map> {
  map(map: { [Event in keyof Map as Untyped extends Map ? never : Event]: Map[Event] }): void;
}

/** The names of a map's events; a number is sent as the text that it is as a key. */
export type EventName<Map> = (keyof Map & string) | `${keyof Map & number}`;

/** The payload of an event. */
export type Data<Map, Event extends keyof Map | EventName<Map>> =
  Handler<Map, Event> extends (...parameters: infer Parameters) => unknown
    ? Parameters extends []
      ? undefined
      : Parameters[0]
    : never;

/** What `ackd()` of an event resolves to. */
export type Reply<Map, Event extends keyof Map | EventName<Map>> =
  Handler<Map, Event> extends (...parameters: never[]) => infer Result ? Awaited<Result> : never;

/**
 * What `on` takes. Where `data` is `unknown`, as in an untyped namespace, it may be declared as whatever it is
 * known to be.
 */
export type Listener<Map, Event extends keyof Map | EventName<Map>> =
  unknown extends Data<Map, Event>
    ? // A method's parameters may be narrower than declared, a function's may not: so `data` may be declared.
      {
        listen(data: unknown, message: Message): Answer<Reply<Map, Event>>;
      }["listen"]
    : (data: Data<Map, Event>, message: Message) => Answer<Reply<Map, Event>>;

/** What follows the event in `emit`: the data may be left out where it may be undefined. */
export type EmitArguments<Map, Event extends keyof Map | EventName<Map>, Options> =
  undefined extends Data<Map, Event>
    ? [data?: Data<Map, Event>, options?: Options]
    : [data: Data<Map, Event>, options?: Options];

/** What a map has for an event, by the name it is sent with. */
type Handler<Map, Event> = Event extends keyof Map
  ? Map[Event]
  : Event extends `${infer Key extends number}`
    ? Key extends keyof Map
      ? Map[Key]
      : never
    : never;

/** What a listener returns: the reply, or a promise of it. Where there is none, anything: nobody looks at it. */
type Answer<Result> = [Result] extends [void]
  ? [void] extends [Result]
    ? unknown
    : Result | Promise<Result>
  : Result | Promise<Result>;

type IsFunction<Value> = 0 extends 1 & Value
  ? false
  : [Value] extends [never]
    ? false
    : [Value] extends [(...parameters: never[]) => unknown]
      ? true
      : false;
