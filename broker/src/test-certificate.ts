import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

/** Files of a certificate for this machine, removed after the test. */
export function certificate(t: TestContext): { cert: string; key: string } {
  const folder = mkdtempSync(join(tmpdir(), "meanet-broker-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const cert = join(folder, "cert.pem");
  const key = join(folder, "key.pem");
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"];
  const ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  execFileSync("openssl", ["req", "-x509", ...ec, "-keyout", key, "-out", cert, ...subject], {
    stdio: "ignore",
  });
  return { cert, key };
}
