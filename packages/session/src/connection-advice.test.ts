import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { connect, createServer } from "node:tls";
import { connectionAdvice } from "./connection-advice.ts";

test("a broker that refuses user or password names the settings to check", () => {
  const refused = (code: number) => Object.assign(new Error("Connection refused"), { code });
  assert.match(connectionAdvice(refused(4))!, /mqtt\.username and mqtt\.password/);
  assert.match(connectionAdvice(refused(5))!, /mqtt\.username/);
  assert.equal(connectionAdvice(refused(3)), undefined);
});

test("a certificate of an unknown authority, or for another host, names the setting to check", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "meanet-tls-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const subject = ["-subj", "/CN=broker.example", "-addext", "subjectAltName=DNS:broker.example"];
  const files = ["-keyout", key, "-out", cert];
  execFileSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", ...subject, ...files], {
    stdio: "pipe",
  });
  const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }).listen(0, "127.0.0.1");
  context.after(() => void server.close());
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const failure = async (ca?: Buffer) => {
    const socket = connect({ port, host: "127.0.0.1", ...(ca === undefined ? {} : { ca }) });
    const [error] = (await once(socket, "error").catch((cause: unknown) => [cause])) as [Error];
    return connectionAdvice(error);
  };
  assert.match((await failure())!, /mqtt\.ca/);
  assert.match((await failure(readFileSync(cert)))!, /mqtt\.url/);
});

test("a broker that is not there needs no other setting", () => {
  const refused = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
  assert.equal(connectionAdvice(refused), undefined);
  assert.equal(connectionAdvice(undefined), undefined);
});
