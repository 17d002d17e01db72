import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { z } from "zod";
import { loadConfig, variableName } from "./config.ts";
import { configLeaves } from "./config-leaves.ts";
import { durationMs } from "./duration.ts";
import { isMeanetError, type MeanetError } from "./error.ts";

const folder = mkdtempSync(join(tmpdir(), "meanet-config-"));
after(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const schema = z.strictObject({
  site: z.string().default("default").describe("where it stands"),
  threshold: z.number().min(0).optional().describe("nats"),
  dryRun: z.boolean().default(false).describe("write nothing"),
  policy: z.enum(["meanet", "edge-only"]).default("meanet").describe("who answers"),
  providers: z
    .array(z.enum(["cuda", "cpu"]))
    .default(["cpu"])
    .describe("in order of wish"),
  mqtt: z
    .strictObject({
      url: z.string().default("mqtt://127.0.0.1").describe("broker"),
      password: z.string().optional().describe("secret"),
      keepalive: durationMs.prefault("30s").describe("silence"),
    })
    .prefault({}),
});

const load = (sources: Parameters<typeof loadConfig>[2]) => loadConfig("edge", schema, sources);

function refusal(
  sources: Parameters<typeof loadConfig>[2],
  code: "CONFIG_INVALID" | "CONFIG_UNREADABLE",
): MeanetError {
  try {
    load(sources);
  } catch (error) {
    assert.ok(isMeanetError(error, code), String(error));
    return error;
  }
  throw new assert.AssertionError({ message: `expected ${code}` });
}

describe("configuration", () => {
  test("has defaults for everything", () => {
    const config = load({});
    assert.equal(config.site, "default");
    assert.equal(config.mqtt.keepalive, 30_000);
    assert.deepEqual(config.providers, ["cpu"]);
  });

  test("two processes read without sources do not share what was set for one", () => {
    load({ flags: { "mqtt.url": "mqtt://one" } });
    assert.equal(load({}).mqtt.url, "mqtt://127.0.0.1");
  });

  test("a flag goes before the environment, the environment before the file, the file before defaults", () => {
    const path = file("a.yaml", "site: from-file\nmqtt:\n  url: mqtt://file\n  keepalive: 10s\n");
    const environment = { MEANET__EDGE__SITE: "from-env", MEANET__EDGE__MQTT__URL: "mqtt://env" };
    const config = load({ file: path, environment, flags: { "mqtt.url": "mqtt://flag" } });
    assert.equal(config.mqtt.url, "mqtt://flag");
    assert.equal(config.site, "from-env");
    assert.equal(config.mqtt.keepalive, 10_000);
    assert.equal(config.policy, "meanet");
  });

  test("text becomes what the schema wants, and stays text where it wants text", () => {
    const environment = {
      MEANET__EDGE__THRESHOLD: "0.5",
      MEANET__EDGE__DRY_RUN: "true",
      MEANET__EDGE__PROVIDERS: "[cuda, cpu]",
      MEANET__EDGE__MQTT__PASSWORD: "12345",
    };
    const config = load({ environment });
    assert.equal(config.threshold, 0.5);
    assert.equal(config.dryRun, true);
    assert.deepEqual(config.providers, ["cuda", "cpu"]);
    assert.equal(config.mqtt.password, "12345");
  });

  test("a secret may stand in a file, without its last line end", () => {
    const path = file("secret", " hunter2 \n");
    const config = load({ environment: { MEANET__EDGE__MQTT__PASSWORD_FILE: path } });
    assert.equal(config.mqtt.password, " hunter2 ");
  });

  test("a secret file that is not there is named with its variable", () => {
    const environment = { MEANET__EDGE__MQTT__PASSWORD_FILE: join(folder, "absent") };
    assert.match(
      refusal({ environment }, "CONFIG_UNREADABLE").message,
      /MEANET__EDGE__MQTT__PASSWORD_FILE: cannot read .*absent/,
    );
  });

  test("a secret given twice is an error", () => {
    const environment = {
      MEANET__EDGE__MQTT__PASSWORD: "a",
      MEANET__EDGE__MQTT__PASSWORD_FILE: file("b", "b"),
    };
    assert.match(refusal({ environment }, "CONFIG_INVALID").message, /both set/);
  });

  test("an unknown key is named with its line and with those expected there", () => {
    const path = file("unknown.yaml", "site: lab\nmqtt:\n  urll: x\n");
    const { message } = refusal({ file: path }, "CONFIG_INVALID");
    assert.ok(
      message.includes(
        "unknown.yaml:3: ✖ unknown key → mqtt.urll; expected one of: url, password, keepalive",
      ),
      message,
    );
  });

  test("every wrong setting is named at once, each with its source", () => {
    const path = file("wrong.yaml", "policy: cloud\nmqtt:\n  keepalive: 30\n");
    const { message } = refusal(
      { file: path, environment: { MEANET__EDGE__THRESHOLD: "high" }, flags: { dryRun: "maybe" } },
      "CONFIG_INVALID",
    );
    assert.match(message, /wrong\.yaml:1: ✖ .*"meanet"\|"edge-only".* → policy/);
    assert.match(
      message,
      /wrong\.yaml:3: ✖ expected a duration such as "30s", received 30 → mqtt\.keepalive/,
    );
    assert.match(
      message,
      /variable MEANET__EDGE__THRESHOLD: ✖ .*expected number, received string → threshold/,
    );
    assert.match(message, /flag --dry-run: ✖ .*expected boolean, received string → dryRun/);
  });

  test("a wrong element of a list is named with its line", () => {
    const path = file("list.yaml", "providers:\n  - cpu\n  - tpu\n");
    assert.match(refusal({ file: path }, "CONFIG_INVALID").message, /list\.yaml:3: ✖ .* → providers\.1/);
  });

  test("an unknown variable of this process is named; those of other processes are not its business", () => {
    const environment = { MEANET__EDGE__SIET: "lab" };
    const { message } = refusal({ environment }, "CONFIG_INVALID");
    assert.match(message, /unknown variable MEANET__EDGE__SIET; known are .*MEANET__EDGE__SITE/);
    assert.equal(load({ environment: { MEANET__WORKER__SIET: "lab", PATH: "/bin" } }).site, "default");
  });

  test("YAML that cannot be read is named with its line", () => {
    const path = file("broken.yaml", "site: lab\nmqtt: [\n");
    assert.match(
      refusal({ file: path }, "CONFIG_UNREADABLE").message,
      /broken\.yaml is not valid YAML: .*line \d/s,
    );
    const twice = file("twice.yaml", "site: a\nsite: b\n");
    assert.match(refusal({ file: twice }, "CONFIG_UNREADABLE").message, /unique.*line 2/s);
  });

  test("a file that is absent, a list, or multiplies by aliases is unreadable", () => {
    assert.match(
      refusal({ file: join(folder, "none.yaml") }, "CONFIG_UNREADABLE").message,
      /cannot read .*none\.yaml/,
    );
    assert.match(refusal({ file: file("l.yaml", "- a\n") }, "CONFIG_UNREADABLE").message, /keys and values/);
    const laughs = Array.from({ length: 9 }, (_, index) => {
      return `k${index}: &a${index} [${Array(9)
        .fill(index === 0 ? "lol" : `*a${index - 1}`)
        .join(", ")}]`;
    });
    refusal({ file: file("laughs.yaml", laughs.join("\n")) }, "CONFIG_UNREADABLE");
  });

  test("an empty file and a file of comments are fine", () => {
    assert.equal(load({ file: file("empty.yaml", "# nothing\n") }).site, "default");
  });

  test("__proto__ is an unknown key like any other", () => {
    refusal({ file: file("proto.yaml", "__proto__:\n  site: lab\n") }, "CONFIG_INVALID");
  });
});

test("leaves tell path, type, default, choices and description", () => {
  const leaves = Object.fromEntries(configLeaves(schema).map((leaf) => [leaf.path.join("."), leaf]));
  assert.deepEqual(Object.keys(leaves), [
    "site",
    "threshold",
    "dryRun",
    "policy",
    "providers",
    "mqtt.url",
    "mqtt.password",
    "mqtt.keepalive",
  ]);
  assert.equal(leaves["mqtt.keepalive"]?.default, "30s");
  assert.equal(leaves["mqtt.keepalive"]?.description, "silence");
  assert.deepEqual(leaves.policy?.choices, ["meanet", "edge-only"]);
  assert.equal(leaves.dryRun?.type, "boolean");
  assert.equal(leaves["mqtt.password"]?.default, undefined);
  assert.equal(variableName("edge", ["mqtt", "topicPrefix"]), "MEANET__EDGE__MQTT__TOPIC_PREFIX");
  assert.equal(variableName("low-light", ["labelShare"]), "MEANET__LOW_LIGHT__LABEL_SHARE");
});
