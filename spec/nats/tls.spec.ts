import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import { connect } from "@nats-io/transport-node";
import { expect } from "chai";
import { rejection } from "../support/buses.ts";
import { found, Members } from "../support/mesh.ts";
import { NatsServer, needsServer } from "../support/nats.ts";

const GUARD = 60_000;
const LONG = 30_000;
const VALID = ["-nodes", "-days", "2"];
const KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
const FOR = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"];

describe("a mesh over TLS, by the options of the client and the configuration of the server alone,", () => {
  const folder = mkdtempSync(joinPath(tmpdir(), "clusterphone-tls-"));
  const keyFile = joinPath(folder, "key.pem");
  const certFile = joinPath(folder, "certificate.pem");
  let server: NatsServer;
  let members: Members;

  before(async function () {
    needsServer(this);
    const files = ["-keyout", keyFile, "-out", certFile];
    execFileSync("openssl", ["req", "-x509", ...KEY, ...VALID, ...FOR, ...files], {
      stdio: "ignore",
    });
    server = await new NatsServer(
      `tls { cert_file: "${certFile}", key_file: "${keyFile}", ca_file: "${certFile}", verify: true }\n`,
    ).start();
    members = new Members(() => server.url);
  });

  after(async () => {
    await members?.end();
    members?.remove();
    await server?.remove();
    rmSync(folder, { recursive: true });
  });

  it("lets its members talk, and carries large messages", async () => {
    const tls = { caFile: certFile, certFile, keyFile };
    const web = await members.join("web", {}, { tls });
    const orders = members.orders("1", { tls });
    const { peer } = await found(web, "1");
    expect(await web.bus.to(peer).emit("place", 1).within(LONG).ackd()).to.equal(1);
    const text = "é".repeat(1_000_000);
    expect(await web.bus.to(peer).emit("length", text).within(LONG).ackd()).to.equal(text.length);
    expect(orders.ran()).to.deep.equal([1]);
  }).timeout(GUARD);

  it("lets nobody in who shows no certificate, or does not trust that of the server", async () => {
    const join = (tls: object) => rejection(members.join("web", {}, { tls, reconnect: false }));
    expect(await join({ caFile: certFile })).to.be.an("error");
    expect(await join({ certFile, keyFile })).to.be.an("error");
    expect(await rejection(connect({ servers: server.url, reconnect: false }))).to.be.an("error");
  }).timeout(GUARD);
});
