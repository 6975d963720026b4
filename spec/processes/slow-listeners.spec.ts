import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { endAll, runScript } from "../support/processes.ts";

/** Ms until a listener gives up waiting for what its parent should have done meanwhile. */
const PATIENCE = 10_000;

/**
 * A child whose listener blocks, as by computing: for a while, or until its parent has got the answer to the message
 * before, and has made a file. Prints whether that has come.
 */
const program = (between: string) => `
  import { spawn } from "node:child_process";
  import { existsSync, writeFileSync } from "node:fs";
  import { bus } from "clusterphone";
  const [file] = process.argv.slice(1);
  if (process.send) {
    const cell = new Int32Array(new SharedArrayBuffer(4));
    bus.on("work", (milliseconds) => {
      const until = performance.now() + milliseconds;
      while (!existsSync(file) && performance.now() < until) Atomics.wait(cell, 0, 0, 2);
      return existsSync(file);
    });
  } else {
    const child = spawn(process.execPath, ["--input-type=module", "-e", process.env.SCRIPT, file], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    const to = bus.to(child);
    // From here on it is known that the listener takes long: one frame might look so on a busy machine.
    for (let frame = 0; frame < 3; frame++) await to.emit("work", 20).ackd();
    const first = to.emit("work", 20).ackd();
    ${between}
    const second = to.emit("work", ${PATIENCE}).within(3 * ${PATIENCE}).ackd();
    await first;
    writeFileSync(file, "");
    console.log(await second);
    child.kill();
  }
`;

describe("the answer of a slow listener", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "clusterphone-slow-"));
  });
  afterEach(async () => {
    await endAll();
    rmSync(folder, { recursive: true });
  });

  for (const [title, script] of Object.entries({
    "leaves before the next message of its frame is handled": program(""),
    "leaves before the next frame is handled": program("bus.peers[0].flush();"),
  })) {
    it(title, async () => {
      const { code, output } = await runScript(script, [join(folder, "answered")], {
        SCRIPT: script,
      });
      expect(output).to.equal("true\n");
      expect(code).to.equal(0);
    });
  }
});
