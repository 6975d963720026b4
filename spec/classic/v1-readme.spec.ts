// Every code example of version 1's README, as it stands in the package, with only its `require` changed.
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { endAll, ended } from "../support/processes.ts";

const root = new URL(".", import.meta.resolve("clusterphone/package.json"));
/** Of this suite alone: another may run beside it. */
const folder = new URL(`dist/v1-readme-${process.pid}/`, root);
const readme = readFileSync(new URL("node_modules/clusterphone-1.0.1/README.md", root), "utf8");

/** The blocks of code, by the number of their first line. */
const blocks = new Map<number, string>();
let first = 0;
for (const [index, line] of readme.split("\n").entries()) {
  if (line.startsWith("    ")) {
    first ||= index + 1;
    const code = line
      .slice(4)
      .replaceAll('require("clusterphone")', 'require("clusterphone/classic")');
    blocks.set(first, `${blocks.get(first) ?? ""}${code}\n`);
  } else if (line !== "") {
    first = 0;
  }
}

/** A part that begins with such a comment is for that process. */
const ROLE = /(?:^\/\/ |from (?:a )?)(master|worker)/i;

/** What of a block is for one of the two processes; all of it, if it does not say. */
function part(line: number, role: "master" | "worker"): string {
  const block = blocks.get(line);
  if (block === undefined) throw new Error(`there is no block at line ${line}`);
  const parts = block.split(/^(?=\/\/ )/m);
  let current: string | undefined;
  const named = parts.map((text) => {
    current = ROLE.exec(text.split("\n")[0] ?? "")?.[1]?.toLowerCase() ?? current;
    return { text, role: current };
  });
  const mine = named.filter((each) => each.role === undefined || each.role === role);
  return mine.map(({ text }) => text).join("");
}

interface Program {
  readonly title: string;
  /** The blocks that run in either process, by line. */
  readonly master: number[];
  readonly worker: number[];
  /** What it prints, in any order. */
  readonly prints: string[];
  /** How a block at that line looks from outside, where its own code does nothing to see. */
  readonly watch?: string;
  /** Both processes begin with the first of them; by default it is the one of the quickstart. */
  readonly start?: number;
}

/** The parts that the README leaves to its reader, and what makes visible what the examples do. */
const PREAMBLE = `
  var cluster = require("cluster");
  var net = require("net");
  var optionalFileDescriptor;
  // Every connection is to here, and takes as long as the name of a host does.
  var createConnection = net.createConnection;
  var port = process.env.PORT;
  var server;
  net = { createConnection: function() { return createConnection(port, "localhost"); } };
  function report() { console.log(require("util").inspect(Array.prototype.slice.call(arguments), { breakLength: Infinity, depth: 1 })); }
  function text(error) { return error && error.message; }
  // Shows what a handler gets, and what a callback is told.
  function watchHandler(name) {
    var handler = clusterphone.handlers[name];
    clusterphone.handlers[name] = function(worker, data, fd) {
      if (cluster.isMaster) report("handled", worker === cluster.workers[1], data, fd);
      else report("handled", worker, data);
      return handler.apply(null, arguments);
    };
  }
  function watchCallbacks() {
    var sendTo = clusterphone.sendTo;
    clusterphone.sendTo = function() {
      var sent = sendTo.apply(null, arguments);
      var ackd = sent.ackd;
      sent.ackd = sent.acknowledged = function(callback) {
        return ackd(callback && function(err, reply) { report("told", text(err), reply); callback(err, reply); });
      };
      return sent;
    };
  }
  function greetSockets() {
    clusterphone.handlers.socket = function() {
      var fd = arguments[cluster.isMaster ? 2 : 1];
      fd.on("data", function(data) { report(cluster.isMaster ? "master" : "worker", String(data)); });
    };
  }
`;

function programText({ master, worker, watch = "", start }: Program): string {
  const starts = start === undefined ? 'var clusterphone = require("clusterphone/classic");' : "";
  const masterCode = master.map((line) => part(line, "master")).join("");
  const workerCode = worker.map((line) => part(line, "worker")).join("");
  const fork = masterCode.includes("cluster.fork()") ? "" : "var worker = cluster.fork();";
  return `${PREAMBLE}
    ${starts}
    function master() { ${start ? part(start, "master") : ""} ${fork} ${watch} ${masterCode} }
    function inWorker() { ${start ? part(start, "worker") : ""} ${watch} ${workerCode} }
    if (!cluster.isMaster) inWorker();
    else {
      server = require("net").createServer(function(socket) { socket.end("hello from the net"); });
      server.listen(0, function() { process.env.PORT = port = server.address().port; master(); });
    }`;
}

const PROGRAMS: Program[] = [
  {
    title: "loads, with a namespace or without",
    start: 13,
    master: [],
    worker: [],
    watch: 'if (cluster.isMaster) report(clusterphone.name, require("clusterphone/classic").name);',
    prints: ["[ 'myapp', '_' ]"],
  },
  { title: "quickstart", master: [19], worker: [24], prints: ["Value"] },
  {
    title: "from master to worker",
    master: [35],
    worker: [53],
    watch: 'if (!cluster.isMaster) process.nextTick(watchHandler, "foo");',
    prints: ["[ 'handled', { key: 'value' }, undefined ]"],
  },
  {
    title: "from worker to master",
    master: [61],
    worker: [44],
    watch: 'if (cluster.isMaster) process.nextTick(watchHandler, "foo");',
    prints: ["[ 'handled', true, { key: 'value' }, undefined ]"],
  },
  {
    title: "descriptors, both ways",
    master: [70],
    worker: [70],
    watch: "greetSockets();",
    prints: ["[ 'master', 'hello from the net' ]", "[ 'worker', 'hello from the net' ]"],
  },
  {
    title: "a descriptor that is queued",
    master: [85],
    worker: [],
    watch: "greetSockets();",
    prints: ["[ 'worker', 'hello from the net' ]"],
  },
  {
    title: "a reply, to a callback",
    master: [97],
    worker: [97],
    prints: ["{ hello: 'world' }"],
  },
  {
    title: "a reply, by promises",
    master: [109],
    worker: [109],
    prints: ["{ hello: 'world' }"],
  },
  {
    title: "a timeout, changed globally",
    master: [147, 129],
    worker: [129],
    watch: "if (cluster.isMaster) watchCallbacks();",
    prints: [
      "[ 'told', 'Timed out waiting for acknowledgement for message hello with seq 1 to worker 1 in namespace _', undefined ]",
    ],
  },
  {
    title: "a timeout of one message, not reached",
    master: [141],
    worker: [109],
    watch: "if (cluster.isMaster) watchCallbacks();",
    prints: ["[ 'told', null, { hello: 'world' } ]"],
  },
  {
    title: "a worker that dies before it acknowledges",
    master: [151],
    worker: [151],
    watch: "if (cluster.isMaster) watchCallbacks();",
    prints: [
      "[ 'told', 'Undeliverable message: worker died before we could get acknowledgement', undefined ]",
    ],
  },
  {
    title: "a namespace, by a call",
    start: 166,
    master: [],
    worker: [],
    watch: "if (cluster.isMaster) report(clusterphone.name);",
    prints: ["[ 'myapp' ]"],
  },
];

/** Runs a program until it has printed so many lines; resolves to them. */
function linesOf(file: string, count: number): Promise<string[]> {
  const child = spawn(process.execPath, [file], { stdio: ["ignore", "pipe", "pipe"] });
  const over = ended(child);
  return new Promise((resolve, reject) => {
    let printed = "";
    child.stdout.on("data", (data) => {
      printed += String(data);
      const lines = printed.split("\n").slice(0, -1);
      if (lines.length >= count) resolve(lines);
    });
    void over.then(({ code, output }) => reject(new Error(`it ended with ${code}:\n${output}`)));
  });
}

describe("the README of version 1", () => {
  before(() => void mkdirSync(folder, { recursive: true }));

  after(() => rmSync(folder, { recursive: true }));

  afterEach(endAll);

  it("has no example that is left out here", () => {
    const used = PROGRAMS.flatMap(({ start = 0, master, worker }) => [start, ...master, ...worker]);
    expect([...blocks.keys()].filter((line) => !used.includes(line))).to.deep.equal([]);
  });

  for (const [index, program] of PROGRAMS.entries()) {
    it(`${program.title}, with only its require changed`, async () => {
      const file = fileURLToPath(new URL(`program-${index}.cjs`, folder));
      writeFileSync(file, programText(program));
      const lines = await linesOf(file, program.prints.length);
      expect(lines.sort()).to.deep.equal(program.prints.sort());
    });
  }
});
