import { z } from "zod";

/** One setting of a schema: where it stands and what it says of itself. */
export interface ConfigLeaf {
  readonly path: readonly string[];
  /** JSON type as written by the user. */
  readonly type: "string" | "number" | "boolean" | "array" | "other";
  readonly description: string;
  /** As the user would write it; undefined when required or optional without default. */
  readonly default: unknown;
  readonly choices: readonly string[] | undefined;
}

interface Node {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Node>>;
  readonly anyOf?: readonly Node[];
}

/** All settings of a schema, depth first, in the order they are written. */
export function configLeaves(schema: z.ZodType): ConfigLeaf[] {
  return [...walk(rootOf(schema), [], undefined)];
}

/** The keys that may stand at `path`. */
export function keysAt(schema: z.ZodType, path: readonly string[]): string[] {
  let node: Node | undefined = rootOf(schema);
  for (const key of path) node = node && propertiesOf(node)?.[key];
  return Object.keys((node && propertiesOf(node)) ?? {});
}

function rootOf(schema: z.ZodType): Node {
  return z.toJSONSchema(schema, { io: "input", unrepresentable: "any", reused: "inline" }) as Node;
}

function propertiesOf(node: Node): Readonly<Record<string, Node>> | undefined {
  return node.properties ?? node.anyOf?.find((option) => option.properties)?.properties;
}

function* walk(node: Node, path: readonly string[], inherited: unknown): Generator<ConfigLeaf> {
  const fallback = node.default ?? inherited;
  const properties = propertiesOf(node);
  if (properties !== undefined) {
    for (const [key, child] of Object.entries(properties)) {
      yield* walk(child, [...path, key], (fallback as Record<string, unknown> | undefined)?.[key]);
    }
    return;
  }
  yield {
    path,
    type: typeOf(node),
    description: node.description ?? "",
    default: fallback,
    choices: node.enum?.map(String),
  };
}

function typeOf(node: Node): ConfigLeaf["type"] {
  switch (node.type) {
    case "integer":
    case "number":
      return "number";
    case "string":
    case "boolean":
    case "array":
      return node.type;
    default:
      return "other";
  }
}
