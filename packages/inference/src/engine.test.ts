import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { isMeanetError } from "@meanet/runtime";
import { convModel, scaleModel, slowModel, typedModel } from "../test/models.ts";
import { ways } from "../test/ways-to-die.ts";
import { type EngineEvent, openEngine, openEngineOn } from "./engine.ts";

const dyingThread = new URL("../test/dying-thread.ts", import.meta.url);
const run = promisify(execFile);

/** Feeds of {@link scaleModel}; the first number may be one of {@link ways}. */
const row = (...numbers: number[]) => ({ x: { data: Float32Array.from(numbers), dims: [1, 3] } });

/** Collects events and lets a test wait for the next of a kind. */
function listener() {
  const events: EngineEvent[] = [];
  const waiting: { kind: EngineEvent["kind"]; resolve: () => void }[] = [];
  return {
    events,
    onEvent: (event: EngineEvent) => {
      events.push(event);
      for (const waiter of waiting.splice(0)) {
        if (waiter.kind === event.kind) waiter.resolve();
        else waiting.push(waiter);
      }
    },
    next: (kind: EngineEvent["kind"]) => new Promise<void>((resolve) => waiting.push({ kind, resolve })),
  };
}

describe("engine", () => {
  it("answers a batch and tells its compute time", async () => {
    const engine = await openEngine({ name: "double", model: scaleModel(2) });
    assert.equal(engine.provider, "cpu");
    assert.deepEqual(engine.inputs, [{ name: "x", type: "float32", shape: ["N", 3] }]);
    const { outputs, computeMs } = await engine.run({
      x: { data: Float32Array.of(1, 2, 3, 4, 5, 6), dims: [2, 3] },
    });
    assert.deepEqual(outputs, { y: { data: Float32Array.of(2, 4, 6, 8, 10, 12), dims: [2, 3] } });
    assert.ok(computeMs > 0);
    await engine.close();
  });

  it("carries int64 and uint8, and answers each batch with its own numbers", async () => {
    const engine = await openEngine({ name: "typed", model: typedModel(), maxInFlight: 10 });
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        engine.run({
          left: { data: BigInt64Array.of(BigInt(i)), dims: [1] },
          right: { data: BigInt64Array.of(100n), dims: [1] },
          flags: { data: Uint8Array.of(i), dims: [1] },
        }),
      ),
    );
    for (const [i, { outputs }] of answers.entries()) {
      assert.deepEqual(outputs.sum?.data, BigInt64Array.of(100n + BigInt(i)));
      assert.deepEqual(outputs.copy?.data, Uint8Array.of(i));
    }
    await engine.close();
  });

  it("transfers an input that fills its buffer, copies one that shares it", async () => {
    const engine = await openEngine({ name: "double", model: scaleModel(2), maxInFlight: 3 });
    const whole = Float32Array.of(1, 2, 3);
    const larger = Float32Array.of(1, 2, 3, 4, 5, 6);
    const shared = new Float32Array(new SharedArrayBuffer(12)).fill(1);
    const answers = await Promise.all(
      [whole, larger.subarray(3), shared].map((data) => engine.run({ x: { data, dims: [1, 3] } })),
    );
    assert.equal(whole.length, 0);
    assert.deepEqual(larger, Float32Array.of(1, 2, 3, 4, 5, 6));
    assert.deepEqual([...shared], [1, 1, 1]);
    assert.deepEqual(
      answers.map(({ outputs }) => [...(outputs.y!.data as Float32Array)]),
      [
        [2, 4, 6],
        [8, 10, 12],
        [2, 2, 2],
      ],
    );
    await engine.close();
  });

  it("leaves the main thread free while a large batch runs", async () => {
    const engine = await openEngine({ name: "slow", model: slowModel(40) });
    let ticks = 0;
    const timer = setInterval(() => (ticks += 1), 1);
    await engine.run({ x: { data: new Float32Array(256 * 512), dims: [256, 512] } });
    clearInterval(timer);
    assert.ok(ticks > 0);
    await engine.close();
  });

  it("refuses a batch beyond its limit by name, and takes one again afterwards", async () => {
    const engine = await openEngine({ name: "double", model: scaleModel(2), maxInFlight: 2 });
    const running = [engine.run(row(1, 1, 1)), engine.run(row(2, 2, 2))];
    assert.equal(engine.inFlight, 2);
    await assert.rejects(engine.run(row(3, 3, 3)), {
      code: "ENGINE_BUSY",
      details: { engine: "double", limit: 2 },
    });
    await Promise.all(running);
    assert.equal(engine.inFlight, 0);
    await engine.run(row(3, 3, 3));
    await engine.close();
  });

  it("refuses wrong inputs before the thread sees them", async () => {
    const engine = await openEngine({ name: "typed", model: typedModel() });
    await assert.rejects(engine.run({ flags: { data: Uint8Array.of(1), dims: [1] } }), (error) => {
      return isMeanetError(error, "MODEL_INPUT_MISMATCH") && /missing: left, right/.test(error.message);
    });
    assert.equal(engine.inFlight, 0);
    await engine.close();
  });

  it("names a damaged model at open and leaves no thread", async () => {
    const opening = openEngine({ name: "damaged", model: convModel().subarray(0, 400) });
    await assert.rejects(opening, (error) => isMeanetError(error, "MODEL_INVALID"));
    await assert.rejects(openEngine({ name: "missing", model: "/nowhere/model.onnx" }), {
      code: "MODEL_INVALID",
    });
  });

  it("goes on with cpu where cuda does not start, and reports it", async (test) => {
    const { events, onEvent } = listener();
    const engine = await openEngine({
      name: "wish",
      model: scaleModel(2),
      providers: ["cuda", "cpu"],
      onEvent,
    });
    const { outputs } = await engine.run(row(1, 2, 3));
    assert.deepEqual(outputs.y?.data, Float32Array.of(2, 4, 6));
    if (engine.provider === "cpu") {
      const [event] = events;
      assert.ok(event?.kind === "fallback" && event.provider === "cpu");
      assert.equal(event.refusals[0]?.provider, "cuda");
    } else test.diagnostic("this machine has CUDA: nothing to fall back from");
    await engine.close();
  });

  for (const [way, first] of Object.entries(ways)) {
    it(`restarts after its thread died by ${way}, losing only what was in flight`, async () => {
      const { events, onEvent, next } = listener();
      const engine = await openEngineOn(dyingThread, { name: "mortal", model: scaleModel(2), onEvent });
      await engine.run(row(1, 1, 1));
      const restarted = next("restarted");
      const lost = [engine.run(row(first, 0, 0)), engine.run(row(1, 2, 3))];
      const outcomes = await Promise.allSettled(lost);
      for (const outcome of outcomes) {
        assert.ok(outcome.status === "rejected" && isMeanetError(outcome.reason, "ENGINE_CRASHED"));
      }
      const waited = engine.run(row(1, 2, 3)); // given while the thread is down
      assert.deepEqual((await waited).outputs.y?.data, Float32Array.of(2, 4, 6));
      await restarted;
      const [crashed] = events;
      assert.ok(crashed?.kind === "crashed" && crashed.failedBatches === 2 && crashed.restartInMs === 100);
      await engine.close();
    });
  }

  it("backs off while restarts fail, fails those who wait by name, and comes back with the model", async () => {
    const folder = mkdtempSync(join(tmpdir(), "engine-"));
    const model = join(folder, "model.onnx");
    writeFileSync(model, scaleModel(2));
    const { events, onEvent, next } = listener();
    const engine = await openEngineOn(dyingThread, { name: "mortal", model, onEvent });
    renameSync(model, `${model}.away`);
    await assert.rejects(engine.run(row(ways.exit, 0, 0)), { code: "ENGINE_CRASHED" });
    await assert.rejects(engine.run(row(1, 2, 3)), { code: "ENGINE_CRASHED" });
    const delays = events.map((event) => event.kind === "crashed" && event.restartInMs);
    assert.deepEqual(delays, [100, 200]);
    const restarted = next("restarted");
    renameSync(`${model}.away`, model);
    assert.deepEqual((await engine.run(row(1, 2, 3))).outputs.y?.data, Float32Array.of(2, 4, 6));
    await restarted;
    await engine.close();
    rmSync(folder, { recursive: true });
  });

  it("answers what is in flight before it closes, and refuses the rest by name", async () => {
    const engine = await openEngine({ name: "slow", model: slowModel(10) });
    const running = engine.run({ x: { data: new Float32Array(64 * 512).fill(1), dims: [64, 512] } });
    const closing = Promise.all([engine.close(), engine.close()]);
    await assert.rejects(engine.run({}), { code: "ENGINE_CLOSED" });
    const { outputs } = await running;
    assert.equal(outputs.y?.data[0], 1);
    await closing;
    assert.equal(engine.inFlight, 0);
  });

  it("closes while its thread is down", async () => {
    const engine = await openEngineOn(dyingThread, { name: "mortal", model: scaleModel(2) });
    await assert.rejects(engine.run(row(ways.exit, 0, 0)), { code: "ENGINE_CRASHED" });
    await engine.close();
    await assert.rejects(engine.run(row(1, 2, 3)), { code: "ENGINE_CLOSED" });
  });

  it("lets the process end after close, even out of a restart", async () => {
    const script = `
      const { openEngine } = await import(${JSON.stringify(import.meta.resolve("./index.ts"))});
      const { openEngineOn } = await import(${JSON.stringify(import.meta.resolve("./engine.ts"))});
      const { scaleModel } = await import(${JSON.stringify(import.meta.resolve("../test/models.ts"))});
      const model = scaleModel(2);
      const feeds = (first) => ({ x: { data: Float32Array.of(first, 0, 0), dims: [1, 3] } });
      const engine = await openEngine({ name: "e", model });
      await engine.run(feeds(1));
      const mortal = await openEngineOn(new URL(${JSON.stringify(dyingThread.href)}), { name: "m", model });
      await mortal.run(feeds(-1)).catch((error) => console.log(error.code));
      await Promise.all([engine.close(), mortal.close()]);
      console.log("closed");`;
    const { stdout } = await run(process.execPath, ["--input-type=module", "-e", script], {
      timeout: 300_000,
    });
    assert.equal(stdout, "ENGINE_CRASHED\nclosed\n");
  });

  it("swaps its model twenty times, new engine first, without leaving threads behind", async () => {
    let engine = await openEngine({ name: "model-0", model: scaleModel(0) });
    for (let factor = 1; factor <= 20; factor += 1) {
      const next = await openEngine({ name: `model-${factor}`, model: scaleModel(factor) });
      await engine.close();
      engine = next;
      assert.deepEqual((await engine.run(row(1, 1, 1))).outputs.y?.data, new Float32Array(3).fill(factor));
    }
    assert.ok(process.getActiveResourcesInfo().includes("MessagePort"), "a thread shows as its port");
    await engine.close();
    assert.ok(!process.getActiveResourcesInfo().includes("MessagePort"));
  });
});
