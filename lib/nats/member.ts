import type { CarriedLink } from "../carried/link.ts";
import type { BusError } from "../errors/bus-error.ts";
import type { Peer } from "../message/peer.ts";
import type { Told } from "./sign.ts";
import type { Member } from "./types.ts";

/** What is asked of a peer, to know whether anybody waits for it. */
export interface MemberPeer extends Peer {
  readonly unfinished: { isHandling(): boolean };
  greet(): void;
  announceClosing(): void;
  detach(error: BusError): void;
}

/** A member, and what the mesh knows of it beside. */
export class KnownMember implements Member {
  readonly key: string;
  readonly name: string;
  told: Told;
  /** The text that `told` was read from, if that only says that it is there. */
  sign: string | undefined;
  /** When something of it was heard last, by the clock of the mesh. */
  heardAt: number;
  /** Since when the server has known nobody who takes what is for it. */
  missedSince: number | undefined;
  /** When it was asked for the last time. */
  probedAt = 0;
  /** It has said that it leaves. */
  isLeaving = false;
  #current: { readonly link: CarriedLink; readonly peer: MemberPeer } | undefined;

  constructor(key: string, name: string, told: Told, now: number) {
    this.key = key;
    this.name = name;
    this.told = told;
    this.heardAt = now;
  }

  get instance(): string {
    return this.told.instance;
  }

  get host(): string {
    return this.told.host;
  }

  get pid(): number {
    return this.told.pid;
  }

  get peer(): MemberPeer {
    return this.#now().peer;
  }

  get link(): CarriedLink {
    return this.#now().link;
  }

  /** It is spoken to over that link from now on. */
  connect(link: CarriedLink, peer: MemberPeer): void {
    this.#current = { link, peer };
  }

  heard(now: number): void {
    this.heardAt = now;
    this.missedSince = undefined;
  }

  /** Whether anybody here, or over there, waits for what the other does. */
  get isNeeded(): boolean {
    const { link, peer } = this.#now();
    return link.isUntaken || peer.inFlight > 0 || peer.unfinished.isHandling();
  }

  #now(): { readonly link: CarriedLink; readonly peer: MemberPeer } {
    if (!this.#current) throw new Error(`${this.key} has no link yet`);
    return this.#current;
  }
}

/** What `console.log` shows of a member. */
Object.defineProperty(KnownMember.prototype, Symbol.for("nodejs.util.inspect.custom"), {
  value(this: KnownMember): object {
    const { name, instance, host, pid } = this;
    return { name, instance, host, pid };
  },
});
