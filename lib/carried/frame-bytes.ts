import { FRAME_KEY } from "../wire/protocol.ts";
import { deserialize, serialize } from "../wire/serialization.ts";

// In `json` the bytes are the JSON of a frame's body. In `advanced` its text stands as it is, so that plain data never
// sees the v8 format: [form, tag, number, length of the text, text, what stands beside it in the v8 format].

/** What a link over an engine speaks. */
export type CarriedSerialization = "json" | "advanced";

/** The first byte of any list in JSON. */
const JSON_LIST = 0x5b;
const TEXT = 1;
const TEXT_AND_BESIDE = 2;

const AT_TAG = 1;
const AT_NUMBER = 5;
const NUMBER_BYTES = 6;
const AT_LENGTH = 11;
const AT_TEXT = 15;

/** The bytes of a frame, with `room` for a head before them. Throws what its payload throws. */
export function toBytes(serialization: CarriedSerialization, frame: object, room: number): Buffer {
  const body = (frame as Record<string, unknown>)[FRAME_KEY] as unknown[];
  const [tag, number, text] = body;
  if (serialization === "json" || typeof text !== "string") {
    return textToBytes(JSON.stringify(body), room, 0);
  }
  const hasBeside = body.length > 3;
  const beside = hasBeside ? serialize(body[3]) : undefined;
  const bytes = textToBytes(text, room + AT_TEXT, beside?.length ?? 0);
  const end = bytes.length - (beside?.length ?? 0);
  bytes[room] = beside ? TEXT_AND_BESIDE : TEXT;
  bytes.writeUInt32BE(tag as number, room + AT_TAG);
  bytes.writeUIntBE(number as number, room + AT_NUMBER, NUMBER_BYTES);
  bytes.writeUInt32BE(end - room - AT_TEXT, room + AT_LENGTH);
  if (beside) bytes.set(beside, end);
  return bytes;
}

/** The body of a frame. Throws on anything that is none, and on the v8 format in a link that speaks `json`. */
export function fromBytes(serialization: CarriedSerialization, bytes: Buffer): unknown {
  if (bytes[0] === JSON_LIST) return JSON.parse(bytes.toString());
  const form = bytes[0];
  if (serialization === "json" || (form !== TEXT && form !== TEXT_AND_BESIDE)) {
    throw new TypeError("the bytes of a frame are of an unknown form");
  }
  const tag = bytes.readUInt32BE(AT_TAG);
  const number = bytes.readUIntBE(AT_NUMBER, NUMBER_BYTES);
  const end = AT_TEXT + bytes.readUInt32BE(AT_LENGTH);
  if (end > bytes.length) throw new TypeError("the text of a frame is cut off");
  const text = bytes.toString("utf8", AT_TEXT, end);
  if (form === TEXT) return [tag, number, text];
  return [tag, number, text, deserialize(bytes.subarray(end))];
}

/** A text as bytes, with room before and behind them. */
function textToBytes(text: string, before: number, behind: number): Buffer {
  const bytes = Buffer.allocUnsafe(before + Buffer.byteLength(text) + behind);
  bytes.write(text, before);
  return bytes;
}
