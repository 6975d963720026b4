import type { Socket as DatagramSocket } from "node:dgram";
import type { Server, Socket } from "node:net";

/** What can be handed to another process: a connection, a listening server, a datagram socket. */
export type Handle = Socket | Server | DatagramSocket;

/** What a handle is; only these three can cross to another process. */
type HandleKind = "socket" | "server" | "datagram";

/** Looked up when a handle is used, so that loading the package loads none of them. */
const nodeModule = process.getBuiltinModule;

/** Node's own part of a handle; `null` once it is closed or sent away. */
interface WithNative {
  _handle?: { readStop?: () => number; fd?: unknown; reading?: boolean } | null;
  /** The path that a server listens on. */
  _pipeName?: string | null;
  /** The server that accepted the socket, for Node's own counting. */
  server?: unknown;
}

/** The kind of a handle that can cross; `undefined` for everything else, TLS and terminals among it. */
function kindOf(handle: unknown): HandleKind | undefined {
  const net = nodeModule("node:net");
  const tls = nodeModule("node:tls");
  const tty = nodeModule("node:tty");
  if (handle instanceof tls.TLSSocket || handle instanceof tls.Server) return undefined;
  if (handle instanceof tty.ReadStream || handle instanceof tty.WriteStream) return undefined;
  if (handle instanceof net.Socket) return "socket";
  if (handle instanceof nodeModule("node:dgram").Socket) return "datagram";
  // A cluster worker's server that shares its port through the primary has no descriptor of its own.
  if (handle instanceof net.Server) return isFake(handle) ? undefined : "server";
  return undefined;
}

/** Whether the sender keeps what it hands over: servers and datagram sockets, but no connection. */
export function isShared(handle: unknown): boolean {
  return kindOf(handle) !== "socket";
}

/** Why a handle cannot be sent, as it follows its name; `undefined` if it can. */
export function whyNotSent(handle: unknown): string | undefined {
  const kind = kindOf(handle);
  if (!kind) {
    return (
      "cannot be sent: only a net.Socket, a net.Server and a dgram.Socket with a descriptor of their own can, no " +
      "terminal, and a TLS connection before it is wrapped"
    );
  }
  if (kind === "server" && (handle as WithNative)._pipeName) {
    return "cannot be sent: a server on a path listens in one process, only one on a TCP port can be shared";
  }
  if (isOpen(kind, handle as Handle)) return undefined;
  return "is not open: it was closed, or sent away, or is not connecting, listening or bound yet";
}

function isOpen(kind: HandleKind, handle: Handle): boolean {
  if (kind === "datagram") return isBound(handle as DatagramSocket);
  if (kind === "server") return (handle as Server).listening;
  const socket = handle as Socket & WithNative;
  return Boolean(socket._handle) && !socket.destroyed;
}

/**
 * Takes a socket over from the caller of `emit`: from now on it reads nothing more, so that
 * what the client sends stays for the receiver. `pause()` alone would go on reading for a while.
 */
export function takeOver(handle: Handle): void {
  if (kindOf(handle) !== "socket") return;
  const socket = handle as Socket & WithNative;
  // What its owner held back to write it at once: nobody else will.
  while (socket.writableCorked > 0) socket.uncork();
  socket.pause();
  socket._handle?.readStop?.();
  if (socket._handle) socket._handle.reading = false;
}

/**
 * Resolves when a socket is connected and what was written to it is on its way, or the socket is closed; `undefined` if
 * that is so. What is not written when the socket leaves this process would be lost.
 */
export function writtenOut(handle: Handle): Promise<void> | undefined {
  if (kindOf(handle) !== "socket") return undefined;
  const socket = handle as Socket;
  const { destroyed, connecting, writableLength, writableEnded, writableFinished } = socket;
  const isWritten = !connecting && writableLength === 0 && writableEnded === writableFinished;
  if (destroyed || isWritten) return undefined;
  // It has no other owner now who could be told that the client is gone.
  if (!socket.listeners("error").includes(ignore)) socket.on("error", ignore);
  return new Promise((resolve) => {
    const done = () => {
      socket.off("close", done).off("finish", done);
      resolve();
    };
    socket.once("close", done);
    if (writableEnded) socket.once("finish", done);
    else socket.write("", done);
  });
}

function ignore(): void {
  // It closes the socket, and that is told.
}

/** What the sender had already read from a socket, as base64, if anything. */
export function takeUnread(handle: Handle): string | undefined {
  if (kindOf(handle) !== "socket") return undefined;
  const socket = handle as Socket & WithNative;
  // Otherwise Node would count it among the sockets of a server that its receiver may never close.
  socket.server = null;
  if (socket.readableLength === 0) return undefined;
  // They are the receiver's to read: listeners of the sender must not get them too.
  socket.removeAllListeners("data");
  const unread: unknown = socket.read();
  // Reading has set the socket going again.
  takeOver(socket);
  if (typeof unread === "string") {
    return Buffer.from(unread, socket.readableEncoding ?? "utf8").toString("base64");
  }
  return Buffer.isBuffer(unread) ? unread.toString("base64") : undefined;
}

/** Puts what the sender had read in front of what is still to be read. */
export function putBack(handle: Handle, unread: string): void {
  if (kindOf(handle) === "socket") (handle as Socket).unshift(Buffer.from(unread, "base64"));
}

/** Lets go of the sender's copy. A socket has one owner; servers and datagram sockets are shared. */
export function release(handle: Handle): void {
  if (kindOf(handle) === "socket") (handle as Socket).destroy();
}

/** Closes a received handle that nobody wants. */
export function discard(handle: Handle): void {
  if (kindOf(handle) === "socket") (handle as Socket).destroy();
  else (handle as Server).close();
}

function isBound(socket: DatagramSocket): boolean {
  try {
    return socket.address() !== undefined;
  } catch {
    return false;
  }
}

function isFake(server: Server): boolean {
  const native = (server as WithNative)._handle;
  return Boolean(native) && native?.fd === undefined;
}
