import { bus } from "clusterphone";
import { withCrew } from "./crew.ts";

const KEYS = 10_000;
const PEERS = 8;

/** Which keys move when one of eight dies: those that it had, and they are about an eighth. */
export async function moveKeys(): Promise<string> {
  return await withCrew(async (crew) => {
    const [victim] = await crew.startAndWait(Array.from({ length: PEERS }, () => 1));
    const any = bus.any("children");
    const owners = async (): Promise<string[]> => {
      const answers = Array.from({ length: KEYS }, (_, number) =>
        any.emit("who", number, { key: `session ${number}` }).ackd(),
      );
      return (await Promise.all(answers)).map((answer) => String(answer).split(" ")[0] ?? "");
    };
    const before = await owners();
    const isSteady = (await owners()).every((owner, index) => owner === before[index]);
    if (!isSteady) throw new Error("keys have moved while nobody came or went");
    if (!victim) throw new Error("nobody lives");
    crew.kill(victim);
    while (bus.all("children").peers.length === PEERS) await new Promise(setImmediate);
    const after = await owners();
    const had = before.filter((owner) => owner === String(victim.pid)).length;
    const strayed = before.filter(
      (owner, index) => owner !== String(victim.pid) && owner !== after[index],
    );
    const share = (100 * had) / KEYS;
    const said = `${share.toFixed(1)} % were those of the dead one; ${strayed.length} others have moved`;
    if (strayed.length > 0 || after.includes(String(victim.pid))) throw new Error(said);
    // One in eight, give or take five times what chance does to that.
    if (Math.abs(share - 12.5) > 1.65) throw new Error(said);
    return said;
  });
}
