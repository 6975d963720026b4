import * as types from "node:util/types";

/** A view that is smaller than this part of its buffer is cloned without the rest. */
const SMALL_PART = 2;

/** The kinds of views. */
export const VIEWS: readonly { readonly name: string; readonly prototype: object }[] = [
  Uint8Array,
  Int8Array,
  Uint16Array,
  Int16Array,
  Uint32Array,
  Int32Array,
  Float32Array,
  Float64Array,
  BigUint64Array,
  BigInt64Array,
  Uint8ClampedArray,
  DataView,
];

/** Getters that also work for a view that was given another prototype, or fields of the same names. */
const TypedArray = Object.getPrototypeOf(Uint8Array.prototype) as object;
const inTypedArrays = Object.getOwnPropertyDescriptors(TypedArray) as Getters;
const inDataViews = Object.getOwnPropertyDescriptors(DataView.prototype) as unknown as Getters;
type Getters = Record<PropertyKey, { get?(): unknown }>;

/** What a view says of itself. */
function about(view: ArrayBufferView, what: "buffer" | "byteOffset" | "byteLength"): unknown {
  const getters = types.isTypedArray(view) ? inTypedArrays : inDataViews;
  return getters[what]?.get?.call(view);
}

/** The bytes that a view shows a part of. */
export function bufferOf(view: ArrayBufferView): ArrayBufferLike {
  return about(view, "buffer") as ArrayBufferLike;
}

/** How many bytes a view shows. */
export function lengthOf(view: ArrayBufferView): number {
  return about(view, "byteLength") as number;
}

/** Whether a view is so small a part of its buffer that the rest had better stay here. */
export function isSmallPart(view: ArrayBufferView): boolean {
  const buffer = bufferOf(view);
  if (types.isSharedArrayBuffer(buffer)) return false;
  if ((buffer as { resizable?: boolean }).resizable) return false;
  return lengthOf(view) * SMALL_PART <= buffer.byteLength;
}

/** The same view over bytes of its own. */
export function ownBytes(view: ArrayBufferView): ArrayBufferView {
  if (Buffer.isBuffer(view)) return Buffer.copyBytesFrom(view);
  const kind = inTypedArrays[Symbol.toStringTag]?.get?.call(view) ?? "DataView";
  const View = VIEWS.find(({ name }) => name === kind);
  if (!View) return view;
  const start = about(view, "byteOffset") as number;
  const bytes = bufferOf(view).slice(start, start + lengthOf(view));
  return new (View as unknown as Uint8ArrayConstructor)(bytes);
}
