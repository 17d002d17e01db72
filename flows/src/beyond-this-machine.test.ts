import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { topicsUnder, type Verdict } from "@meanet/protocol";
import { createLog, hashPassword, isMeanetError } from "@meanet/runtime";
import { MqttSession, mqttConfigSchema } from "@meanet/session";
import { startMosquitto, waitUntil } from "@meanet/session/testing";
import { asJson, FlowsForTests, get, getJson, PATIENCE_MS } from "./flows-for-tests.ts";

const refusal: Verdict = {
  ...{
    id: "f1",
    site: "default",
    device: "cam-1",
    edge: "edge-1",
    journal: "j1",
    seq: 1,
    at: 2,
    receivedAt: 1,
  },
  ...{ qos: 1, latencyMs: 1, outcome: "refused", final: true, supersedes: null },
  ...{ reason: "overload", detail: "512 frames wait" },
};

describe("flows, beyond this machine", () => {
  let site: FlowsForTests;
  before(async () => {
    site = await FlowsForTests.open();
  });
  after(() => site?.close());

  it("are refused without a login", async () => {
    for (const host of ["0.0.0.0", "::", "192.168.1.5", "my-host"]) {
      await assert.rejects(
        site.start("open", { editor: { host, port: 0 } }),
        (error) => isMeanetError(error, "LOGIN_REQUIRED") && error.message.includes(host),
      );
    }
  });

  it("ask for the login everywhere, and let its owner in", async (context) => {
    const login = { username: "anna", password: await hashPassword("s3cret") };
    const passwords = join(site.folder, "passwords");
    writeFileSync(passwords, "");
    execFileSync("mosquitto_passwd", ["-b", passwords, "flows", "s3cret too"], { stdio: "ignore" });
    // Mosquitto gives up root before it reads it.
    chmodSync(passwords, 0o644);
    chmodSync(site.folder, 0o755);
    const closed = await startMosquitto(["allow_anonymous false", `password_file ${passwords}`]);
    context.after(() => closed.stop());
    const mqtt = { url: closed.url, username: "flows", password: "s3cret too" };
    const running = await site.start("login", { editor: { host: "0.0.0.0", port: 0 }, login, mqtt });
    context.after(() => running.stop());
    const { editor } = running;
    for (const path of ["/flows", "/settings", "/nodes", "/dashboard", "/recorder/queries", "/anything"]) {
      assert.equal((await get(editor + path, asJson)).status, 401, path);
    }
    assert.equal((await token(editor, "anna", "wrong")).status, 403);
    assert.equal((await token(editor, "otto", "s3cret")).status, 403);
    const granted = JSON.parse((await token(editor, "anna", "s3cret")).text) as { access_token: string };
    const headers = { ...asJson.headers, authorization: `Bearer ${granted.access_token}` };
    assert.equal((await get(`${editor}/flows`, { headers })).status, 200);

    const basic = (password: string) => ({
      headers: { authorization: `Basic ${Buffer.from(`anna:${password}`).toString("base64")}` },
    });
    assert.equal((await get(`${editor}/recorder/queries`, basic("wrong"))).status, 401);
    // There is no recorder: 503 is what stands behind the login.
    const behind = await get(`${editor}/recorder/queries`, basic("s3cret"));
    assert.equal(behind.status, 503);
    const [cookie = ""] = behind.headers.getSetCookie()[0]?.split(";") ?? [];
    assert.equal((await get(`${editor}/recorder/queries`, { headers: { cookie } })).status, 503);
    const forged = cookie.replace(/=\d/, "=9");
    assert.equal((await get(`${editor}/recorder/queries`, { headers: { cookie: forged } })).status, 401);

    const session = new MqttSession({
      mqtt: mqttConfigSchema.parse(mqtt),
      node: "edge-1",
      site: "default",
      log: createLog("test", "silent"),
    });
    context.after(() => session.close());
    await session.connect();
    const seen = await waitUntil(
      "the wall has the verdict, through a connection that took its password from the environment",
      async () => {
        await session.publish(topicsUnder().verdict, { site: "default", device: "cam-1" }, refusal);
        return getJson<Record<string, { reason: string }>>(`${editor}/wall/devices`, { headers: { cookie } });
      },
      (devices) => "cam-1" in devices,
      PATIENCE_MS,
    );
    assert.equal(seen["cam-1"]?.reason, "overload");
  });
});

function token(editor: string, username: string, password: string) {
  return get(`${editor}/auth/token`, {
    method: "POST",
    body: new URLSearchParams({
      ...{ client_id: "node-red-admin", grant_type: "password", scope: "*", username, password },
    }),
  });
}
