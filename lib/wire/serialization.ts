/**
 * How a link changes payloads on their way: `json` and `advanced` as in `child_process.fork`,
 * `clone` as in `postMessage`; `unknown` until the other side's hello has shown which it is.
 */
export type Serialization = "json" | "advanced" | "clone" | "unknown";

/** Whether what is sent is cloned, so that a frame's own part had better be one text. */
export function isCloned(serialization: Serialization): boolean {
  return serialization === "advanced" || serialization === "clone";
}

/** The v8 format as Node's own channels use it: views keep their kind, other host objects are flattened. */
const VIEW = 0;
const FLATTENED = 1;

/** Looked up when the first payload needs them: loading the package does not load `node:v8`. */
let classes: ReturnType<typeof channelClasses> | undefined;

function channelClasses() {
  const { DefaultSerializer, DefaultDeserializer } = process.getBuiltinModule("node:v8");

  class ChannelSerializer extends DefaultSerializer {
    _writeHostObject(object: object): void {
      if (ArrayBuffer.isView(object)) {
        this.writeUint32(VIEW);
        (DefaultSerializer.prototype as unknown as HostObjects)._writeHostObject.call(this, object);
      } else {
        this.writeUint32(FLATTENED);
        this.writeValue({ ...object });
      }
    }
  }

  class ChannelDeserializer extends DefaultDeserializer {
    _readHostObject(): unknown {
      if (this.readUint32() === FLATTENED) return this.readValue();
      return (DefaultDeserializer.prototype as unknown as HostObjects)._readHostObject.call(this);
    }
  }

  return { ChannelSerializer, ChannelDeserializer };
}

/** Documented by Node, but absent from its types. */
interface HostObjects {
  _writeHostObject(object: object): void;
  _readHostObject(): unknown;
}

/** What `advanced` makes of a value. Throws what it throws. */
export function serialize(value: unknown): Uint8Array {
  classes ??= channelClasses();
  const serializer = new classes.ChannelSerializer();
  serializer.writeHeader();
  serializer.writeValue(value);
  return serializer.releaseBuffer();
}

/** The value that `serialize` made bytes of. */
export function deserialize(bytes: unknown): unknown {
  if (!ArrayBuffer.isView(bytes)) throw new TypeError("an encoded payload is not bytes");
  classes ??= channelClasses();
  const deserializer = new classes.ChannelDeserializer(bytes as Uint8Array);
  deserializer.readHeader();
  return deserializer.readValue();
}
