// Sticky connections: the primary accepts, and hands each connection to the worker that the
// client's address belongs to. The worker answers HTTP on it, as if it had accepted it itself.
// Run it with: npm run build && node dist/examples/socket-handoff.js
import assert from "node:assert/strict";
import cluster, { type Worker } from "node:cluster";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer as createHttpServer, get, type IncomingMessage } from "node:http";
import { type AddressInfo, createServer, Socket } from "node:net";
import { text } from "node:stream/consumers";
import { bus } from "clusterphone";

/** What a worker listens to. The connection itself travels as the message's handle. */
interface WorkerEvents {
  connection(): void;
}

const app = bus.ns<WorkerEvents>("sticky");

if (cluster.isPrimary) await primary();
else worker();

function worker(): void {
  const http = createHttpServer((_, response) => {
    response.end(`worker ${cluster.worker?.id}`);
  });
  app.on("connection", (_, message) => {
    // Reading `handle` takes the connection over; one that nobody takes is closed by the bus.
    const socket = message.handle;
    if (!(socket instanceof Socket)) throw new TypeError("a connection was expected");
    http.emit("connection", socket);
    socket.resume();
  });
}

async function primary(): Promise<void> {
  const workers = [cluster.fork(), cluster.fork(), cluster.fork()];

  // With pauseOnConnect the primary reads nothing of what is meant for the worker.
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    const worker = ownerOf(socket.remoteAddress, workers);
    // Workers may still be starting: with queueHandle the connection waits for its own.
    app.to(worker).emit("connection", undefined, { handle: socket, queueHandle: true });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  console.log("The primary accepts connections, and three workers answer them.");

  const clients = ["127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5", "127.0.0.6", "127.0.0.7"];
  const rounds: string[][] = [];
  for (let round = 0; round < 4; round++) {
    rounds.push(await Promise.all(clients.map((client) => ask(port, client))));
  }

  console.log("client      its four connections were answered by");
  for (const [index, client] of clients.entries()) {
    const answers = rounds.map((round) => round[index]);
    console.log(`${client}   ${answers.join("   ")}`);
    assert.equal(new Set(answers).size, 1, `${client} was answered by several workers`);
  }
  const used = new Set(rounds.flat()).size;
  assert.equal(used, workers.length);
  console.log(`Each client always reached the same worker; all ${used} workers were used.`);

  server.close();
  await once(server, "close");
  await bus.close();
  cluster.disconnect();
}

/** The worker that an address belongs to, however often it connects. */
function ownerOf(address = "", workers: Worker[]): Worker {
  const hash = createHash("sha256").update(address).digest().readUInt32BE();
  return workers[hash % workers.length] as Worker;
}

/** Asks from one of the many addresses of the loopback interface; macOS has only the first. */
async function ask(port: number, localAddress: string): Promise<string> {
  const request = get({ port, host: "127.0.0.1", localAddress, agent: false });
  const [response] = (await once(request, "response")) as [IncomingMessage];
  return text(response);
}
