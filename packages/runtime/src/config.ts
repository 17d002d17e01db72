import { readFileSync } from "node:fs";
import { isMap, isScalar, isSeq, LineCounter, parse, parseDocument, type YAMLMap } from "yaml";
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

/** What a file holds, and where in it a path stands: `edge.yaml:3`. */
interface ConfigFile {
  readonly tree: Tree;
  readonly locate: (path: readonly string[]) => string | undefined;
}

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
  const { tree, locate } =
    sources.file === undefined ? { tree: {}, locate: () => undefined } : readFile(sources.file);
  const put = (path: readonly string[], value: unknown, origin: string) => {
    origins.set(path.join("."), origin);
    setAt(tree, path, typeof value === "string" ? readScalar(value, leaves, path) : value);
  };
  for (const [path, value, origin] of fromEnvironment(name, sources.environment ?? {}, leaves))
    put(path, value, origin);
  for (const [path, value] of Object.entries(sources.flags ?? {})) {
    if (value !== undefined) put(path.split("."), value, `flag --${flagName(path.split("."))}`);
  }

  const result = schema.safeParse(tree);
  if (result.success) return result.data;
  const problems = result.error.issues.flatMap((issue) =>
    describeIssue(issue, schema, (path) => originOf(path, origins, locate)),
  );
  throw new MeanetError("CONFIG_INVALID", `${name}: ${problems.join("\n")}`, { problems });
}

/** `mqtt.topicPrefix` as a flag: `mqtt-topic-prefix`. */
export function flagName(path: readonly string[]): string {
  return path.map((key) => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)).join("-");
}

/** `mqtt.topicPrefix` of process `edge` as a variable: `MEANET__EDGE__MQTT__TOPIC_PREFIX`; shells take no dash in a name, so it becomes `_`. */
export function variableName(name: string, path: readonly string[]): string {
  const upper = (key: string) =>
    key
      .replace(/[A-Z]/g, (letter) => `_${letter}`)
      .replace(/[^A-Za-z0-9_]/g, "_")
      .toUpperCase();
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
    const valueVariable = variable.replace(/_FILE$/, "");
    const secret = variable === valueVariable ? undefined : byVariable.get(valueVariable);
    if (secret === undefined) {
      const known = [...byVariable.keys()].sort().join(", ");
      throw new MeanetError("CONFIG_INVALID", `${name}: unknown variable ${variable}; known are ${known}`, {
        variable,
      });
    }
    if (environment[valueVariable] !== undefined) {
      throw new MeanetError(
        "CONFIG_INVALID",
        `${name}: ${variable} and ${valueVariable} are both set; expected one of them`,
        { variable },
      );
    }
    // Files end with a line end; a secret may begin or end with spaces.
    yield [
      secret.path,
      readText(value, `variable ${variable}`).replace(/\r?\n$/, ""),
      `variable ${variable}`,
    ];
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

function readFile(file: string): ConfigFile {
  const lineCounter = new LineCounter();
  const document = parseDocument(readText(file, "--config"), { lineCounter });
  const unreadable = (what: string, cause?: unknown) =>
    new MeanetError("CONFIG_UNREADABLE", `${file} ${what}`, { file }, { cause });
  const [error] = document.errors;
  if (error !== undefined) throw unreadable(`is not valid YAML: ${error.message}`, error);
  const { contents } = document;
  if (contents === null) return { tree: {}, locate: () => file };
  if (!isMap(contents)) throw unreadable("must hold keys and values at its top level");
  let tree: Tree;
  try {
    tree = document.toJS() as Tree;
  } catch (cause) {
    // Aliases that multiply beyond measure, or name no anchor.
    throw unreadable(`is not valid YAML: ${String(cause)}`, cause);
  }
  return {
    tree,
    locate(path) {
      const offset = keyOffset(contents, path);
      return offset === undefined ? undefined : `${file}:${lineCounter.linePos(offset).line}`;
    },
  };
}

/** Where the last key of `path` is written; undefined when the file does not hold it. */
function keyOffset(root: YAMLMap, path: readonly string[]): number | undefined {
  let node: unknown = root;
  let offset: number | undefined = root.range?.[0];
  for (const step of path) {
    if (isSeq(node)) {
      node = node.items[Number(step)];
      offset = (node as { range?: [number, ...unknown[]] } | undefined)?.range?.[0];
    } else if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === step);
      node = pair?.value;
      offset = isScalar(pair?.key) ? pair.key.range?.[0] : undefined;
    } else {
      return undefined;
    }
    if (offset === undefined) return undefined;
  }
  return offset;
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
  origin: (path: readonly string[]) => string,
): string[] {
  const path = issue.path.map(String);
  if (issue.code !== "unrecognized_keys") {
    const where = path.length === 0 ? "" : ` → ${path.join(".")}`;
    return [`${origin(path)}: ✖ ${issue.message}${where}`];
  }
  const expected = keysAt(schema, path).join(", ");
  return issue.keys.map((key) => {
    const full = [...path, key];
    return `${origin(full)}: ✖ unknown key → ${full.join(".")}; expected one of: ${expected}`;
  });
}

/** The nearest source that set this path or what holds it. */
function originOf(
  path: readonly string[],
  origins: ReadonlyMap<string, string>,
  locate: ConfigFile["locate"],
): string {
  for (let length = path.length; length >= 0; length--) {
    const origin = origins.get(path.slice(0, length).join(".")) ?? locate(path.slice(0, length));
    if (origin !== undefined) return origin;
  }
  return "settings";
}
