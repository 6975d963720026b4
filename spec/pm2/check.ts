// The bus under the real PM2, whose own process, the parent, has none. Not part of the suite: it fetches PM2.
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { check, conclude } from "../support/checks.ts";

const PM2 = "pm2@7.0.4";
/** Milliseconds until a wait is given up. */
const PATIENCE = 20_000;

const folder = mkdtempSync(join(tmpdir(), "clusterphone-pm2-"));
const out = join(folder, "out");
const here = import.meta.url;
const app = fileURLToPath(new URL(`./app${here.slice(-3)}`, here));

function pm2(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<unknown> {
  const options = { env: { ...process.env, ...env, PM2_HOME: folder, OUT: out } };
  return promisify(execFile)("npx", ["-y", PM2, ...args], options);
}

/** What the apps have said of that so far. */
function said(what: string): number {
  const lines = readFileSync(out, { encoding: "utf8", flag: "a+" }).split("\n");
  return lines.filter((line) => line === what).length;
}

/** The only news of another process tree is what it writes: looks until it is there. */
async function saying(what: string, times: number): Promise<void> {
  const end = performance.now() + PATIENCE;
  while (said(what) < times) {
    if (performance.now() > end) {
      throw new Error(`"${what}" was not said ${times} times, but:\n${readFileSync(out, "utf8")}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Asks until told to stop. Returns how many requests went well; throws with the first that did not. */
function load(port: number): () => Promise<number> {
  let isOver = false;
  let answered = 0;
  const running = (async () => {
    while (!isOver) {
      const response = await fetch(`http://127.0.0.1:${port}/`);
      if ((await response.text()) !== "ok") throw new Error("a wrong answer");
      answered++;
    }
  })();
  running.catch(() => undefined);
  return async () => {
    isOver = true;
    await running;
    return answered;
  };
}

try {
  for (const [name, mode] of [
    ["cluster", ["-i", "2"]],
    ["fork", []],
  ] as const) {
    const instances = mode.length > 0 ? 2 : 1;
    const port = await freePort();
    const shutdown = ["--shutdown-with-message", "--kill-timeout", "10000"];
    await check(`${name} mode: the parent that has no bus times out clearly`, async () => {
      const env = { PORT: String(port), APP: name };
      await pm2(["start", app, "--name", name, ...shutdown, ...mode], env);
      await saying(`${name} parent ERR_ACK_TIMEOUT no`, instances);
    });
    await check(`${name} mode: the app's own children answer`, () =>
      saying(`${name} child own children`, instances),
    );
    if (instances > 1) {
      await check(`${name} mode: a reload loses no request`, async () => {
        const stop = load(port);
        await pm2(["reload", name]);
        await saying(`${name} closed`, instances);
        if ((await stop()) === 0) throw new Error("nothing was asked");
      });
    }
    await check(`${name} mode: PM2's message arrives, and the app drains and ends`, async () => {
      const before = said(`${name} closed`);
      await pm2(["stop", name]);
      await saying(`${name} closed`, before + instances);
    });
  }
} finally {
  await pm2(["kill"]).catch(() => undefined);
  rmSync(folder, { recursive: true, force: true });
}
conclude();
