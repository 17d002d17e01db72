import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { MeanetError } from "./error.ts";
import { createLog, withoutSecret } from "./log.ts";

function linesOf(act: (log: ReturnType<typeof createLog>) => void): Record<string, unknown>[] {
  const lines: string[] = [];
  act(createLog("edge", "info", { write: (line) => void lines.push(line) }));
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

test("a log line is JSON with level, time, process and message", () => {
  const [line] = linesOf((log) => log.warn({ topic: "a" }, "message refused"));
  assert.equal(line?.level, "warn");
  assert.equal(line?.name, "edge");
  assert.equal(line?.topic, "a");
  assert.equal(line?.msg, "message refused");
  assert.match(String(line?.time), /^\d{4}-\d\d-\d\dT/);
});

test("passwords and tokens are blotted out, also inside a configuration", () => {
  const secret = "hunter2";
  const text = JSON.stringify(
    linesOf((log) => {
      log.info({ password: secret, config: { mqtt: { password: secret }, influx: { token: secret } } });
      log.info({ mqtt: { password: secret, username: "edge" }, a: { b: { c: { token: secret } } } });
    }),
  );
  assert.ok(!text.includes(secret), text);
  assert.ok(text.includes("edge"));
});

test("an error keeps its code, its details and its cause", () => {
  const error = new MeanetError(
    "PORT_TAKEN",
    "port 1 is taken",
    { port: 1 },
    { cause: new Error("EADDRINUSE") },
  );
  const [line] = linesOf((log) => log.error({ err: error }));
  const err = line?.err as Record<string, unknown>;
  assert.equal(err.code, "PORT_TAKEN");
  assert.deepEqual(err.details, { port: 1 });
  assert.match(String(err.stack), /caused by: Error: EADDRINUSE/);
});

test("a quieter level drops what is below it", () => {
  assert.deepEqual(
    linesOf((log) => log.debug("routine")),
    [],
  );
});

test("a URL loses its password and nothing else", () => {
  assert.equal(withoutSecret("mqtt://edge:hunter2@broker:1883/x"), "mqtt://edge:***@broker:1883/x");
  assert.equal(withoutSecret("mqtt://edge:hun@ter:2@broker"), "mqtt://edge:***@broker");
  assert.equal(withoutSecret("mqtt://broker:1883"), "mqtt://broker:1883");
  assert.equal(withoutSecret("ws://broker:9001/a@b"), "ws://broker:9001/a@b");
});

test("of warnings alike some are written and the rest is counted, so that no client can fill the disk", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const lines = linesOf((log) => {
    const child = log.child({ part: "intake" });
    for (let index = 0; index < 1000; index++) child.warn({ filter: `no/${index}` }, "subscription denied");
    log.warn("something else");
    log.info("routine");
    mock.timers.tick(30_000);
    log.warn("subscription denied");
    mock.timers.tick(30_000);
  });
  mock.timers.reset();
  const messages = lines.map(({ msg }) => msg);
  assert.equal(messages.filter((message) => message === "subscription denied").length, 31);
  assert.deepEqual(messages.slice(30), [
    "something else",
    "routine",
    "more lines like this were left out",
    "subscription denied",
  ]);
  assert.deepEqual(
    [lines[32]?.line, lines[32]?.leftOut, lines[32]?.level],
    ["subscription denied", 970, "info"],
  );
});

test("messages made of what they tell of are bounded together", () => {
  const lines = linesOf((log) => {
    for (let index = 0; index < 1000; index++) log.error(`frame ${index} is odd`);
  });
  assert.equal(lines.length, 64 + 30);
});
