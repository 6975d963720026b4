import type { ChildProcess } from "node:child_process";
import type { Worker as ClusterWorker } from "node:cluster";
import type { Worker as Thread } from "node:worker_threads";

/** Who is compared. */
export type SideName =
  | "bus"
  | "bus any"
  | "bus all"
  | "process.send"
  | "bare loop"
  | "birpc"
  | "clusterphone 1"
  | "comlink"
  | "bus over nats"
  | "bus over nats, any"
  | "bus without session"
  | "nats loop"
  | "nats request"
  | "moleculer";

/** What the other end is: a forked child, a cluster worker, a thread, or a process that is only reached over NATS. */
export type Carrier = "fork" | "cluster" | "thread" | "nats";

/** How the other end answers: with what it was sent, with a short word, never, or after so many ms as it was sent. */
export type Answers = "echo" | "short" | "never" | "work";

/** All that tells one pair of processes from another. */
export interface Setup {
  readonly side: SideName;
  readonly carrier: Carrier;
  readonly serialization: "json" | "advanced";
  readonly answers: Answers;
  /** Processes or threads at the other end; one if left out. */
  readonly workers?: number;
  /** Of `any`: how many unanswered messages make a worker busy; any number if left out. */
  readonly concurrency?: number;
  /** The address of the server of NATS, and what all subjects of this pair begin with. */
  readonly nats?: { readonly server: string; readonly prefix: string };
  /** How many times as long as others each worker takes for a job. */
  readonly slownesses?: readonly number[];
  /** Which of the workers this is. */
  readonly worker?: number;
  /** User middlewares of the bus, on both sides. */
  readonly middlewares?: { readonly count: number; readonly kind: "sync" | "async" };
  /** Without them the bare loop calls back at once, which no user of the other sides could have. */
  readonly promises?: false;
  /** Puts the measured process on the first processor and the other one on the second, by `taskset`. */
  readonly pinned?: boolean;
  /** Flags of Node for the measured process. */
  readonly flags?: readonly string[];
  /** The same for the other process, as for a profile of it. */
  readonly workerFlags?: readonly string[];
}

export type Channel = ChildProcess | ClusterWorker | Thread;

/** The measured end of a pair. */
export interface Connection {
  /** Sends a request; `done` is called with the reply, as soon as the side's user would have it. */
  request(payload: unknown, done: (reply: unknown) => void): void;
  /** Sends a message that nobody answers; left out where the side has no such thing. */
  send?(payload: unknown): void;
  /** Sends a request to every worker, and calls `done` once, with all replies; left out where the side has no such thing. */
  requestAll?(payload: unknown, done: (replies: unknown) => void): void;
  /** Chooses how the bare loop frames its messages. */
  tune?(framing: Framing): void;
}

/** How the bare loop writes: messages in a frame at most, and whether a frame is one JSON text. */
export interface Framing {
  readonly most: number;
  readonly form: "objects" | "text";
}

/** A request that is answered even where no other is. */
export const LAST = "last";

/** What the other end does with a request. */
export type Answer = (payload: unknown) => unknown;

/** One way to talk to another process: the same for all that are compared. */
export interface Side {
  /** In the measured process; resolves when the other end answers. */
  connect(channel: Channel, setup: Setup): Promise<Connection>;
  /** In the other process. */
  serve(answer: Answer, setup: Setup): void | Promise<void>;
}
