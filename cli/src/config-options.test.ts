import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { durationMs, loadConfig } from "@meanet/runtime";
import { Command } from "commander";
import { z } from "zod";
import { addConfigOptions, configFlags } from "./config-options.ts";

const schema = z.strictObject({
  node: z.string().default("edge-1").describe("name of the node"),
  enabled: z.boolean().default(true).describe("whether it works"),
  engine: z
    .strictObject({
      providers: z
        .array(z.enum(["cpu", "cuda"]))
        .default(["cpu"])
        .describe("wished one first"),
      threads: z.int().default(1).describe("threads"),
    })
    .prefault({}),
  mqtt: z
    .strictObject({ topicPrefix: z.string().default("meanet/v1").describe("levels before the site") })
    .prefault({}),
  deadline: durationMs.prefault("2s").describe("until the edge answers itself"),
});

function parse(...args: string[]) {
  const command = new Command("edge").exitOverride().configureOutput({ writeErr: () => undefined });
  addConfigOptions(command, "edge", schema);
  command.parse(args, { from: "user" });
  const flags = configFlags(schema, command.opts());
  return loadConfig("edge", schema, { flags, environment: { MEANET__EDGE__NODE: "from-environment" } });
}

describe("flags of a process", () => {
  it("carry every kind of setting, and go before the environment", () => {
    const config = parse(
      ...[
        "--node",
        "edge-7",
        "--enabled",
        "false",
        "--engine-providers",
        "cuda,cpu",
        "--engine-threads",
        "2",
      ],
      ...["--mqtt-topic-prefix", "other/v1", "--deadline", "250ms"],
    );
    assert.deepEqual(config, {
      node: "edge-7",
      enabled: false,
      engine: { providers: ["cuda", "cpu"], threads: 2 },
      mqtt: { topicPrefix: "other/v1" },
      deadline: 250,
    });
  });

  it("that are not given override nothing", () => {
    assert.equal(parse().node, "from-environment");
    assert.equal(parse("--enabled").enabled, true);
  });

  it("take a list as the file writes it", () => {
    assert.deepEqual(parse("--engine-providers", '["cuda"]').engine.providers, ["cuda"]);
  });

  it("refuse a flag that the schema does not have", () => {
    assert.throws(() => parse("--treads", "2"), { code: "commander.unknownOption" });
  });

  it("show description, choices, default and variable in the help", () => {
    const command = new Command("edge");
    addConfigOptions(command, "edge", schema);
    const help = command.helpInformation().replace(/\s+/g, " ");
    assert.match(help, /--engine-threads <number> threads \(default: 1\) \[MEANET__EDGE__ENGINE__THREADS\]/);
    assert.match(help, /--deadline <text> until the edge answers itself \(default: "2s"\)/);
  });
});
