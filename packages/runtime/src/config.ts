import { readFileSync } from "node:fs";
import { isMap, LineCounter, parse, parseDocument } from "yaml";
import type { z } from "zod";
import { type ConfigLeaf, configLeaves, keysAt } from "./config-leaves.ts";
import { MeanetError } from "./error.ts";

export interface ConfigSources {
  /** YAML file; its keys are those of the schema. */
  readonly file?: string | undefined;
  /** Variables such as `MEANET__EDGE__MQTT__URL`; with `_FILE` behind, the value stands in the file named. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** By dotted path, `{ "mqtt.url": "…" }`; text is read as in the environment. */
  readonly flags?: Readonly<Record<string, unknown>>;
}

type Tree = { [key: string]: unknown };

/**
 * Reads the settings of one process: file < environment < flags, then the schema's defaults for the rest.
 *
 * @param name - the process, `edge`; its variables begin with `MEANET__EDGE__`
 * @param schema - strict objects all the way down: an unknown key is an error
 * @throws {MeanetError} CONFIG_UNREADABLE, or CONFIG_INVALID naming every wrong key, its source and what was expected
 */
export function loadConfig<S extends z.ZodType>(
  name: string,
  schema: S,
  sources: ConfigSources = {},
): z.output<S> {
  const leaves = configLeaves(schema);
  const origins = new Map<string, string>();
  const tree: Tree = sources.file === undefined ? {} : readFile(sources.file, origins);
  const texts = new Map<string, string>();

  const put = (path: readonly string[], value: unknown, origin: string) => {
    origins.set(path.join("."), origin);
    if (typeof value === "string") texts.set(path.join("."), value);
    setAt(tree, path, typeof value === "string" ? readScalar(value, leaves, path) : value);
  };
  for (const [path, value, origin] of fromEnvironment(name, sources.environment ?? {}, leaves))
    put(path, value, origin);
  for (const [path, value] of Object.entries(sources.flags ?? {})) {
    if (value !== undefined) put(path.split("."), value, `flag --${flagName(path.split("."))}`);
  }

  const result = schema.safeParse(tree);
  if (result.success) return result.data;
  const problems = result.error.issues.flatMap((issue) => describeIssue(issue, schema, origins));
  throw new MeanetError("CONFIG_INVALID", `${name}: ${problems.join("\n")}`, { problems });
}

/** `mqtt.topicPrefix` as a flag: `mqtt-topic-prefix`. */
export function flagName(path: readonly string[]): string {
  return path.map((key) => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)).join("-");
}

/** `mqtt.topicPrefix` of process `edge` as a variable: `MEANET__EDGE__MQTT__TOPIC_PREFIX`. */
export function variableName(name: string, path: readonly string[]): string {
  const upper = (key: string) => key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
  return ["MEANET", upper(name), ...path.map(upper)].join("__");
}

function* fromEnvironment(
  name: string,
  environment: Readonly<Record<string, string | undefined>>,
  leaves: readonly ConfigLeaf[],
): Generator<[readonly string[], unknown, string]> {
  const prefix = `${variableName(name, [])}__`;
  const byVariable = new Map(leaves.map((leaf) => [variableName(name, leaf.path), leaf]));
  for (const [variable, value] of Object.entries(environment)) {
    if (!variable.startsWith(prefix) || value === undefined) continue;
    const leaf = byVariable.get(variable);
    if (leaf !== undefined) {
      yield [leaf.path, value, `variable ${variable}`];
      continue;
    }
    const secret = variable.endsWith("_FILE")
      ? byVariable.get(variable.slice(0, -"_FILE".length))
      : undefined;
    if (secret === undefined) {
      const known = [...byVariable.keys()].sort().join(", ");
      throw new MeanetError("CONFIG_INVALID", `${name}: unknown variable ${variable}; known are ${known}`, {
        variable,
      });
    }
    yield [secret.path, readText(value, `variable ${variable}`).trim(), `variable ${variable}`];
  }
}

/** Text from outside becomes a number, a flag or a list where the schema wants one; elsewhere it stays text. */
function readScalar(text: string, leaves: readonly ConfigLeaf[], path: readonly string[]): unknown {
  const leaf = leaves.find((candidate) => candidate.path.join(".") === path.join("."));
  if (leaf === undefined || leaf.type === "string") return text;
  try {
    return parse(text) as unknown;
  } catch {
    return text;
  }
}

function readFile(file: string, origins: Map<string, string>): Tree {
  const lineCounter = new LineCounter();
  const document = parseDocument(readText(file, "--config"), { lineCounter });
  const [error] = document.errors;
  if (error !== undefined) {
    throw new MeanetError("CONFIG_UNREADABLE", `${file} is not valid YAML: ${error.message}`, { file });
  }
  if (document.contents === null) return {};
  if (!isMap(document.contents)) {
    throw new MeanetError("CONFIG_UNREADABLE", `${file} must hold keys and values at its top level`, {
      file,
    });
  }
  origins.set("", file);
  return document.toJS() as Tree;
}

function readText(file: string, source: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new MeanetError(
      "CONFIG_UNREADABLE",
      `${source}: cannot read ${file}; check the path and its rights`,
      { file },
      { cause },
    );
  }
}

function setAt(tree: Tree, path: readonly string[], value: unknown): void {
  let node = tree;
  for (const key of path.slice(0, -1)) {
    if (typeof node[key] !== "object" || node[key] === null) node[key] = {};
    node = node[key] as Tree;
  }
  node[path.at(-1)!] = value;
}

function describeIssue(
  issue: z.core.$ZodIssue,
  schema: z.ZodType,
  origins: ReadonlyMap<string, string>,
): string[] {
  const path = issue.path.map(String);
  const origin = originOf(path, origins);
  if (issue.code !== "unrecognized_keys") return [`${origin}: ✖ ${issue.message} → ${path.join(".")}`];
  const expected = keysAt(schema, path).join(", ");
  return issue.keys.map((key) => {
    const full = [...path, key];
    return `${originOf(full, origins)}: ✖ unknown key → ${full.join(".")}; expected one of: ${expected}`;
  });
}

/** The nearest source that set this path or what holds it. */
function originOf(path: readonly string[], origins: ReadonlyMap<string, string>): string {
  for (let length = path.length; length >= 0; length--) {
    const origin = origins.get(path.slice(0, length).join("."));
    if (origin !== undefined) return origin;
  }
  return "settings";
}
