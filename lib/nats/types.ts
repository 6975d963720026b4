import type { EventEmitter } from "eventemitter3";
import type { Peer } from "../message/peer.ts";

/** A bus that has joined, as others see it. */
export interface Member {
  /** What it is called; several may be called so. */
  readonly name: string;
  /** Which one of that name. */
  readonly instance: string;
  /** The machine it says it runs on, and its process there. */
  readonly host: string;
  readonly pid: number;
  /** For `to()`, as long as it is there; another one if it was taken for gone, and heard again. */
  readonly peer: Peer;
}

/** What a mesh tells. */
export interface MeshEvents {
  /** Somebody is there, and may be spoken to. */
  join: (member: Member) => void;
  /** Somebody has left, or is taken for gone, and why. */
  leave: (member: Member, reason: string) => void;
  /** Two have the same name and instance. `to()` means the latest; neither is ended. */
  conflict: (latest: Member, earlier: Member) => void;
  /** This process has lost its server. What is sent waits; what is awaited goes on taking its time. */
  "cut off": () => void;
  /** It has one again. */
  back: () => void;
}

/** Options of `leave`. */
export interface LeaveOptions {
  /** Milliseconds after which it waits no longer for what is under way; 10,000 by default. */
  readonly timeout?: number;
}

/** The buses that have joined over NATS, seen from this one. */
export interface Mesh extends EventEmitter<MeshEvents> {
  /** What this bus is called. */
  readonly name: string;
  /** Which of that name it is. */
  readonly instance: string;
  /** Those that are there, without this one. */
  readonly members: Member[];
  /**
   * Leaves: tells the others to begin nothing new, lets run and be answered what was begun, and lets go of the
   * connection. The bus stays open. `bus.close()` leaves by itself.
   */
  leave(options?: LeaveOptions): Promise<void>;
}
