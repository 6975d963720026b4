import { isThenable } from "../chain/run.ts";
import type { InboundEvent } from "../message/inbound-event.ts";
import type { AnyListener } from "../namespace/listeners.ts";
import { answerTo } from "./answer.ts";
import type { Handler } from "./types.ts";
import type { Workers } from "./workers.ts";

/** Messages that a handler may yet acknowledge, at most: beyond it the oldest count as forgotten by it. */
const MOST_UNANSWERED = 10_000;

/** Ends the wait for an acknowledgement; oldest first. */
const unanswered = new Set<() => void>();

/** Makes a handler of version 1 a listener of the bus. */
export function listenerOf(handler: Handler, workers: Workers): AnyListener {
  return (data, message) => {
    const event = message as InboundEvent;
    const { peer, event: command } = event;
    const known = peer.kind === "parent" ? [data] : [workers.of(peer), data];
    // To read the handle is to take it over: a handler that does not look at it leaves it to be closed.
    const fd = takes(handler, known.length) ? event.handle : undefined;
    const answer = answerTo(command);
    let returned: unknown;
    try {
      returned = handler(...known, fd, answer.acknowledge);
    } catch (thrown) {
      if (!answer.isGiven) throw thrown;
      warn(command, thrown);
    }
    if (answer.isGiven) {
      // An async function has nothing more to say than that it failed.
      if (isThenable(returned)) returned.then(undefined, (thrown) => warn(command, thrown));
      return answer.promise;
    }
    if (isThenable(returned)) return Promise.race([answer.promise, returned]);
    if (event.wantsAck && takes(handler, known.length + 1)) return waitFor(answer.promise, event);
    event.leaveUnanswered();
    return undefined;
  };
}

/** The handler of that command: its own property, or, of an object with a class, a method. */
export function handlerOf(handlers: unknown, command: string): Handler | undefined {
  let holder: unknown = handlers;
  while (typeof holder === "object" && holder !== null && holder !== Object.prototype) {
    if (Object.hasOwn(holder, command) && (holder === handlers || command !== "constructor")) {
      const handler = (handlers as Record<string, unknown>)[command];
      return typeof handler === "function" ? (handler as Handler) : undefined;
    }
    holder = Object.getPrototypeOf(holder);
  }
  return undefined;
}

/** The commands that have a handler, as far as that can be seen without running a getter. */
export function commandsOf(handlers: unknown): string[] {
  const commands = new Set<string>();
  try {
    let holder: unknown = handlers;
    while (typeof holder === "object" && holder !== null && holder !== Object.prototype) {
      for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(holder))) {
        if (typeof value === "function" && handlerOf(handlers, name)) commands.add(name);
      }
      holder = Object.getPrototypeOf(holder);
    }
  } catch {
    // It is somebody's proxy, and says no more.
  }
  return [...commands];
}

/** Until the handler acknowledges, or nobody waits for that any more. */
function waitFor(acknowledgement: Promise<unknown>, event: InboundEvent): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const end = () => {
      unanswered.delete(giveUp);
      event.signal.removeEventListener("abort", giveUp);
    };
    const giveUp = () => {
      end();
      event.leaveUnanswered();
      resolve(undefined);
    };
    unanswered.add(giveUp);
    event.signal.addEventListener("abort", giveUp);
    acknowledgement.finally(end).then(resolve, reject);
    if (unanswered.size > MOST_UNANSWERED) for (const oldest of unanswered) return oldest();
  });
}

/**
 * Whether a handler can see its parameter at that position. In doubt it does: it may have defaults,
 * or be written with `arguments` or rest parameters.
 */
function takes(handler: Handler, position: number): boolean {
  if (handler.length > position) return true;
  let seesMore = moreThanDeclared.get(handler);
  if (seesMore === undefined) {
    const source = Function.prototype.toString.call(handler);
    const head = source.slice(0, source.search(/=>|\{/));
    seesMore = /=|\.\.\./.test(head) || /\barguments\b|\[native code\]/.test(source);
    moreThanDeclared.set(handler, seesMore);
  }
  return seesMore;
}

const moreThanDeclared = new WeakMap<Handler, boolean>();

/** The sender has its answer already: only the author of the handler can be told. */
function warn(command: string, thrown: unknown): void {
  const text = `handler for ${command} threw an exception *after* already acknowledging. You have a bug in your handler.`;
  const detail = thrown instanceof Error ? { detail: String(thrown.stack) } : {};
  process.emitWarning(text, { type: "ClusterphoneWarning", ...detail });
}
