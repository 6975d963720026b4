import { entryOf, runScript } from "./processes.ts";

const HEAD = `
  import cluster from "node:cluster";
  import { once } from "node:events";
  import { createRequire } from "node:module";
  import { connect, createServer } from "node:net";
  import { text } from "node:stream/consumers";
  import { setImmediate as turn } from "node:timers/promises";
  const require = createRequire(process.cwd() + "/program.js");
  const [entry, ...args] = process.argv.slice(1);
  if (entry) cluster.setupPrimary({ exec: entry, args, execArgv: [] });
  const results = [];
  const tell = (value) => results.push(value === undefined ? "undefined" : value);
  const reject = (promise) => promise.then(() => "resolved", (error) => error);
  async function connection() {
    const server = createServer({ pauseOnConnect: true }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const client = connect(server.address().port, "127.0.0.1");
    const [accepted] = await once(server, "connection");
    server.close();
    return { accepted, client };
  }
  function end() {
    for (const worker of Object.values(cluster.workers)) worker.process.kill("SIGKILL");
    console.log(JSON.stringify(results));
  }
`;

/**
 * Runs a primary whose workers run that entry of `spec/workers`. It calls `tell` with what there is to say, and `end()`.
 * Resolves to all that was told; rejects if the program fails or says anything else.
 */
export async function told(script: string, entry = "", args: string[] = []): Promise<unknown[]> {
  const parameters = entry ? [entryOf(entry), ...args] : [];
  const { code, signal, output } = await runScript(HEAD + script, parameters);
  if (code === 0) {
    try {
      return JSON.parse(output) as unknown[];
    } catch {
      // It has said something else.
    }
  }
  throw new Error(`the program ended with ${code ?? signal}:\n${output}`);
}
