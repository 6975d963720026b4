import type { Worker } from "node:cluster";
import type { Hub } from "../bus/hub.ts";
import { commandsOf, handlerOf, listenerOf } from "./handler.ts";
import type { Entry, Nucleus } from "./nucleus.ts";
import { Sender, type Senders } from "./sender.ts";
import type { Handler, Namespace } from "./types.ts";
import type { Workers } from "./workers.ts";

/** Classic's namespaces, each of them a namespace of the bus, shared with every copy of version 1 in the process. */
export class Namespaces {
  readonly #senders: Senders;
  readonly #workers: Workers;
  readonly #nucleus: Nucleus;
  readonly #isPrimary: boolean;
  readonly #made = new Map<string, Namespace>();

  constructor(senders: Senders, workers: Workers, nucleus: Nucleus, isPrimary: boolean) {
    this.#senders = senders;
    this.#workers = workers;
    this.#nucleus = nucleus;
    this.#isPrimary = isPrimary;
  }

  /** The namespace of that name, opened one turn from now if it is new. Throws what version 1 threw. */
  get(name: unknown): Namespace {
    if (name === "clusterphone") {
      throw new Error("The 'clusterphone' namespace name is private. Sorry.");
    }
    if (!name) throw new TypeError("Name is required for namespaced messaging.");
    const known = this.#made.get(String(name));
    if (known) return known;
    const made = this.#make(String(name));
    this.#made.set(made.name, made);
    return made;
  }

  #make(name: string): Namespace {
    const entry = this.#nucleus.get(name) ?? this.#open(name);
    const { settings } = this.#senders;
    return this.#view(entry, name, new Sender(this.#senders, name, () => settings.ackTimeout));
  }

  #open(name: string): Entry {
    const { hub, settings } = this.#senders;
    const ackTimeout = () => shown.ackTimeout ?? settings.ackTimeout;
    // What copies of version 1 get: of `_` they make their own export, and write on it.
    const shown: Entry["interface"] = {
      name,
      handlers: Object.create(null) as Record<string, Handler>,
      ...this.#methods(new Sender(this.#senders, name, ackTimeout)),
    };
    const entry: Entry = {
      interface: shown,
      // The bus keeps what is pending, and knows who is ready.
      getPending: () => undefined,
      workerReady: (_worker: Worker) => undefined,
    };
    this.#nucleus.add(name, entry);
    listen(hub, this.#workers, name, entry);
    return entry;
  }

  #view(entry: Entry, name: string, sender: Sender): Namespace {
    return {
      name,
      get handlers() {
        return entry.interface.handlers ?? {};
      },
      set handlers(handlers) {
        entry.interface.handlers = handlers;
      },
      ...this.#methods(sender),
    } as Namespace;
  }

  /** Version 1 had the one in the primary, and the other in workers. */
  #methods({ sendTo, sendToMaster }: Sender): Partial<Namespace> {
    return this.#isPrimary ? { sendTo } : { sendToMaster };
  }
}

/** Takes the messages of a namespace, whichever copy has opened it, to its handlers. */
export function listen(hub: Hub, workers: Workers, name: string, entry: Entry): void {
  hub.answer(hub.namespace(name), {
    find: (command) => {
      const handler = handlerOf(entry.interface.handlers, command);
      return handler && listenerOf(handler, workers);
    },
    events: () => commandsOf(entry.interface.handlers),
  });
}
