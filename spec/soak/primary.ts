import { setTimeout as sleep } from "node:timers/promises";
import { bus } from "../../lib/index.ts";
import { type Fact, PRIMARY, type Recorder } from "../oracle/facts.ts";
import type { Engine } from "./engine.ts";
import { LIMITS } from "./limits.ts";
import { isLostHandle } from "./node-faults.ts";
import { PLACES, type Step } from "./plan.ts";
import { feelPulse } from "./pulse.ts";
import { Round, type Script } from "./round.ts";
import { NAMESPACES, Service } from "./service.ts";
import { Speaker } from "./speaker.ts";

/** What came of a round. */
export interface Performance {
  readonly seen: readonly Fact[];
  /** What did not happen that had to. */
  readonly hanging: readonly string[];
  /** How many messages of one process were forwarded to another. */
  readonly relayed: number;
}

/** The process that runs the soak, as one of those who talk. */
export class Primary {
  readonly #facts: Fact[] = [];
  readonly #record: Recorder = (fact) => void this.#facts.push(fact);
  readonly #speaker: Speaker;

  readonly #engine: Engine | undefined;
  #lostHandles = 0;

  /** It is a member of a mesh, if there is an engine. */
  constructor(engine: Engine | undefined) {
    this.#engine = engine;
    const crash = (error: unknown) => {
      if (isLostHandle(error)) {
        this.#lostHandles++;
        return;
      }
      const text = error instanceof Error ? String(error.stack) : String(error);
      this.#record({ is: "crashed", at: Date.now(), who: PRIMARY, text });
    };
    process.on("uncaughtException", crash);
    process.on("unhandledRejection", crash);
    feelPulse(PRIMARY, this.#record);
    bus.limits.pending = LIMITS.pending;
    this.#speaker = new Speaker(PRIMARY, this.#record);
    for (const namespace of NAMESPACES.atOnce) this.#serve(namespace);
    const manual = this.#serve(NAMESPACES.manual, "manual");
    setTimeout(() => manual.ready(), 1500);
    setTimeout(() => this.#serve(NAMESPACES.late), 2000);
  }

  async perform(script: Script): Promise<Performance> {
    this.#forget();
    const round = new Round(this.#speaker, this.#facts, this.#engine);
    const seen = await round.perform(script);
    this.#speaker.forget();
    this.#forget();
    return { seen, hanging: round.hanging, relayed: round.relayed };
  }

  /** How many handles Node has lost here: each stays open for good. */
  get lostHandles(): number {
    return this.#lostHandles;
  }

  /** How many of the payloads and receipts that were looked after are still there. */
  get retained(): number {
    return this.#speaker.retained;
  }

  /** A little of everything, so that what Node keeps for good is there before anything is counted. */
  async warmUp(): Promise<Performance> {
    const kinds = ["worker", "json", "advanced", "thread", "remote"] as const;
    const steps: Step[] = kinds.flatMap((kind, place) => [
      { at: 0, place, action: { do: "spawn", kind, seed: 0, serialization: "json", early: [] } },
      {
        at: 900,
        place,
        action: { do: "connect", count: 1, event: "socket", queueHandle: true, namespace: "_" },
      },
      { at: 1000, place, action: { do: "stop", ms: 50 } },
      { at: 1100, place, action: { do: "block", ms: 30 } },
    ]);
    steps.sort((a, b) => a.at - b.at);
    const endings = Array.from({ length: PLACES }, () => "close" as const);
    const performance = await this.perform({ steps, endings });
    await sleep(500);
    return performance;
  }

  /**
   * What was seen is emptied, not replaced: who was in a group is kept by it until that is used again, and with it where
   * it was recorded.
   */
  #forget(): void {
    this.#facts.length = 0;
  }

  #serve(namespace: string, ready?: "manual"): Service {
    return new Service(namespace, this.#speaker, this.#record, ready);
  }
}
