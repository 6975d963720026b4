import { expect } from "chai";
import fc from "fast-check";
import type { BusError } from "../../lib/errors/bus-error.ts";
import { turn } from "../support/buses.ts";
import { type Ray, type Star, star } from "../support/star.ts";

/** More for a longer look. */
const numRuns = Number(process.env["MODEL_RUNS"] ?? 300);

type Command =
  | { readonly do: "any"; readonly key: string | undefined; readonly idempotent: boolean }
  | { readonly do: "all" | "join" | "turn" }
  | { readonly do: "answer" | "cut" | "close" | "stop" | "resume"; readonly which: number };

const which = fc.nat(3);
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("any" as const),
      key: fc.constantFrom(undefined, "a", "b", "c"),
      idempotent: fc.boolean(),
    }),
  },
  { weight: 6, arbitrary: fc.constant<Command>({ do: "turn" }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom("all" as const, "join" as const) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("answer" as const), which }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom("cut" as const, "close" as const, "stop" as const, "resume" as const),
      which,
    }),
  },
);

interface Job {
  readonly id: number;
  readonly key: string | undefined;
  readonly idempotent: boolean;
  runs: number;
  /** Where it runs. */
  ray: Ray | undefined;
  outcome: { readonly error?: BusError } | undefined;
}

/** A bus with several others, one of which gets each job, while they come, stop, close and die. */
class Pool {
  readonly #star: Star = star(0);
  readonly #any;
  readonly #jobs: Job[] = [];
  readonly #held: (() => void)[] = [];
  readonly #answers: Promise<unknown>[] = [];
  readonly #closing: Promise<void>[] = [];
  readonly #firstRuns: Job[] = [];
  readonly #wrong: string[] = [];

  constructor(concurrency: number) {
    this.#any = this.#star.bus.any(() => true, { concurrency });
  }

  perform(each: Command): void {
    const { rays } = this.#star;
    if (each.do === "any") this.#emit(each);
    else if (each.do === "all") this.#gather();
    else if (each.do === "join") this.join();
    else if (each.do === "answer") this.#held.splice(each.which, 1)[0]?.();
    else if (each.do === "cut") rays[each.which]?.cut();
    else if (each.do === "close") this.#close(rays[each.which]);
    else if (each.do === "stop") rays[each.which]?.link.stop();
    else if (each.do === "resume") rays[each.which]?.link.resume();
  }

  join(): void {
    const ray = this.#star.add();
    const { bus } = ray;
    bus.on("job", (data) => this.#run(data as number, ray));
    bus.on("all", () => new Promise<void>((answer) => this.#held.push(answer)));
  }

  /** Everything comes to its end. */
  async finish(): Promise<void> {
    this.join();
    let isOver = false;
    const settled = Promise.all([...this.#answers, ...this.#closing]).then(() => {
      isOver = true;
    });
    for (let turns = 0; !isOver; turns++) {
      for (const { link } of this.#star.rays) link.resume();
      for (const answer of this.#held.splice(0)) answer();
      if (turns > 2000) throw new Error(`${this.#any.waiting} wait for ever`);
      await turn();
    }
    await settled;
    expect(this.#wrong).to.deep.equal([]);
    for (const job of this.#jobs) this.#judge(job);
    for (const key of ["a", "b", "c"]) {
      const ids = this.#firstRuns.filter((job) => job.key === key).map(({ id }) => id);
      expect(ids, `the order of ${key}`).to.deep.equal(ids.toSorted((a, b) => a - b));
    }
    for (let left = 0; left < 5; left++) await turn();
    const { hub, rays } = this.#star;
    expect([this.#any.waiting, hub.deadlines.size, hub.total.taken]).to.deep.equal([0, 0, 0]);
    for (const { peer } of rays) {
      expect([peer.inFlight, peer.route("_").unanswered], peer.id).to.deep.equal([0, 0]);
    }
  }

  #emit({ key, idempotent }: Extract<Command, { do: "any" }>): void {
    const job: Job = {
      id: this.#jobs.length,
      key,
      idempotent,
      runs: 0,
      ray: undefined,
      outcome: undefined,
    };
    this.#jobs.push(job);
    const answer = this.#any.emit("job", job.id, { key, idempotent }).within(Infinity).ackd();
    this.#answers.push(
      answer.then(
        () => {
          job.outcome = {};
        },
        (error: BusError) => {
          job.outcome = { error };
        },
      ),
    );
  }

  #gather(): void {
    const group = this.#star.bus.all(() => true);
    const { peers } = group;
    const gathered = group.emit("all").within(Infinity).ackd();
    this.#answers.push(
      gathered.then((outcomes) => expect(outcomes.map(({ peer }) => peer)).to.deep.equal(peers)),
    );
  }

  #run(id: number, ray: Ray): Promise<unknown> {
    const job = this.#jobs[id] as Job;
    const others = this.#jobs.filter(({ key }) => key !== undefined && key === job.key);
    const elsewhere = others.find(
      (other) => other.ray && other.ray !== ray && other.ray.peer.state === "up",
    );
    if (elsewhere) this.#wrong.push(`job ${id} overtakes job ${elsewhere.id} of its key`);
    job.ray = ray;
    if (job.runs++ === 0) this.#firstRuns.push(job);
    return new Promise<void>((answer) =>
      this.#held.push(() => {
        job.ray = undefined;
        answer();
      }),
    );
  }

  #close(ray: Ray | undefined): void {
    if (ray) this.#closing.push(ray.bus.close({ timeout: 50 }));
  }

  #judge({ id, idempotent, runs, outcome }: Job): void {
    const { error } = outcome ?? {};
    const how = `job ${id}, ${runs} runs, ${error?.message ?? "answered"}`;
    if (!error) expect(runs, how).to.be.at.least(1);
    if (!idempotent) expect(runs, how).to.be.at.most(1);
    if (!error) return;
    expect(error.executed, how).to.equal("maybe");
    expect(["ERR_PEER_DIED", "ERR_CLOSED"], how).to.include(error.code);
  }
}

describe("any interleaving of jobs, and of those who do them", () => {
  for (const concurrency of [1, 2, Infinity]) {
    it(`runs each once, loses none that did not run, and keeps keys in order (concurrency ${concurrency})`, async () => {
      const plot = fc.array(command, { maxLength: 40 });
      const play = async (commands: readonly Command[]) => {
        const pool = new Pool(concurrency);
        pool.join();
        for (const each of commands) {
          pool.perform(each);
          if (each.do === "turn") await turn();
          else await Promise.resolve();
        }
        await pool.finish();
      };
      await fc.assert(fc.asyncProperty(plot, play), { numRuns });
    }).timeout(600_000);
  }
});
