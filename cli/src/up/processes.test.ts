import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { isMeanetError } from "@meanet/runtime";
import { upConfigSchema } from "./config.ts";
import { Processes } from "./processes.ts";

const state = mkdtempSync(join(tmpdir(), "meanet-processes-"));
after(() => rmSync(state, { recursive: true }));

describe("the processes of up", () => {
  it("name a taken port, and the three ways out", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as { port: number };
    const processes = new Processes(upConfigSchema.parse({ port, state }), () => undefined);
    await assert.rejects(processes.startBroker(), (error) => {
      assert.ok(isMeanetError(error, "PORT_TAKEN"));
      assert.match(error.message, new RegExp(`port ${port} .*--port N.*--port 0.*--broker`));
      return true;
    });
    taken.close();
  });

  it("tell how Node-RED gets another port, in the words of up, and end nothing where its own is taken", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as { port: number };
    const told = Promise.withResolvers<string>();
    const config = upConfigSchema.parse({ port: 0, flowsPort: port, state });
    const processes = new Processes(config, (text) => told.resolve(text));
    processes.startFlows(await processes.startBroker());
    assert.match(await told.promise, /^no dashboard: its port is taken: .*--flows-port N.*--flows-port 0$/);
    assert.deepEqual(
      processes.running.map(({ name }) => name),
      ["broker"],
    );
    await processes.stop();
    taken.close();
  });

  it("start no broker where one is given", async () => {
    const processes = new Processes(
      upConfigSchema.parse({ broker: "mqtt://example.org:1883", state }),
      () => undefined,
    );
    assert.equal(await processes.startBroker(), "mqtt://example.org:1883");
    assert.deepEqual(processes.running, []);
  });

  it("restart a killed broker on the port it had", async () => {
    const restarted = Promise.withResolvers<void>();
    const processes = new Processes(upConfigSchema.parse({ port: 0, state }), (text) => {
      if (text === "broker works again") restarted.resolve();
    });
    const url = await processes.startBroker();
    const [broker] = processes.running;
    const { pid } = JSON.parse(readFileSync(join(state, "logs/broker.log"), "utf8").split("\n")[0]!) as {
      pid: number;
    };
    process.kill(pid, "SIGKILL");
    await restarted.promise;
    assert.equal(broker?.addresses.mqtt, url);
    await processes.stop();
    assert.deepEqual(processes.running, []);
  });
});
