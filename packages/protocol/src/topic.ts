import { MeanetError } from "@meanet/runtime/error";
import type { Codec } from "./codec.ts";

/** Names of the levels of a pattern: `{site}` is required, a last `{id?}` may be left out. */
type Level<S extends string> = S extends `{${infer Name}?}`
  ? { readonly [K in Name]?: string | undefined }
  : S extends `{${infer Name}}`
    ? { readonly [K in Name]: string }
    : unknown;
type Levels<P extends string> = P extends `${infer Head}/${infer Tail}`
  ? Level<Head> & Levels<Tail>
  : Level<P>;

/** What a topic of pattern `P` carries in its levels, by name. */
export type TopicParams<P extends string> = { [K in keyof Levels<P>]: Levels<P>[K] };

export interface Delivery {
  readonly qos: 0 | 1;
  readonly retain: boolean;
}

/** One topic of the protocol: how its name is spelled, what it carries, how it is delivered. */
export interface Topic<P extends string, T> extends Delivery, Codec<T> {
  readonly pattern: P;
  /** @throws {MeanetError} TOPIC_INVALID when a level is not an id */
  format(params: TopicParams<P>): string;
  /** The levels of `name`, or undefined when it is another topic or a level is not an id. */
  match(name: string): TopicParams<P> | undefined;
  /** A subscription filter: levels that are not given match anything. @throws {MeanetError} TOPIC_INVALID when a level given is not an id */
  filter(params?: Partial<TopicParams<P>>): string;
}

const ID = /^[a-z0-9-]{1,64}$/;
/** Group names are ours (`edge-{site}`): an id with a few letters before it. */
const GROUP = /^[a-z0-9-]{1,80}$/;

/** Whether `text` may stand as a level: a site, device, node, frame or setting. */
export function isId(text: string): boolean {
  return ID.test(text);
}

/** The root, such as `meanet/v1`, is free text between slashes but holds no wildcard and no empty level. */
const ROOT = /^[^\s/+#$\p{Cc}][^/+#\p{Cc}]*(\/[^/+#\p{Cc}]+)*$/u;

/** With ids of 64 no topic comes near the 65,535 bytes of [MQTT-4.7.3-3]. */
const MAX_ROOT_LENGTH = 200;

export function topic<const P extends string, T>(
  root: string,
  pattern: P,
  codec: Codec<T>,
  delivery: Delivery,
): Topic<P, T> {
  if (!ROOT.test(root) || root.length > MAX_ROOT_LENGTH || !root.isWellFormed()) {
    throw new MeanetError(
      "TOPIC_INVALID",
      `topic prefix ${JSON.stringify(root).slice(0, 100)} must be levels without "+" and "#", such as "meanet/v1", at most ${MAX_ROOT_LENGTH} characters`,
      { root },
    );
  }
  const segments = pattern.split("/").map((text) => {
    const [, name, optional] = /^\{(\w+)(\?)?\}$/.exec(text) ?? [];
    return name === undefined ? { text } : { name, optional: optional !== undefined };
  });
  const rootLevels = root.split("/");

  return {
    pattern,
    ...delivery,
    ...codec,
    format(params) {
      const given = params as Readonly<Record<string, string | undefined>>;
      const levels: string[] = [];
      for (const segment of segments) {
        if (segment.name === undefined) {
          levels.push(segment.text);
          continue;
        }
        const value = given[segment.name];
        if (value === undefined && segment.optional) continue;
        levels.push(checkedLevel(pattern, segment.name, value));
      }
      return [root, ...levels].join("/");
    },
    match(name) {
      const levels = name.split("/");
      if (levels.length > rootLevels.length + segments.length) return undefined;
      if (rootLevels.some((level, index) => levels[index] !== level)) return undefined;
      const params: Record<string, string> = {};
      for (const [index, segment] of segments.entries()) {
        const level = levels[rootLevels.length + index];
        if (segment.name === undefined) {
          if (level !== segment.text) return undefined;
        } else if (level === undefined) {
          if (!segment.optional) return undefined;
        } else {
          if (!isId(level)) return undefined;
          params[segment.name] = level;
        }
      }
      return params as TopicParams<P>;
    },
    filter(params = {}) {
      const given = params as Readonly<Record<string, string | undefined>>;
      const levels = segments.map((segment) => {
        if (segment.name === undefined) return segment.text;
        const value = given[segment.name];
        // "a/#" also matches "a" itself [MQTT-4.7.1-2]: one filter serves both forms of an optional last level.
        if (value === undefined) return segment.optional ? "#" : "+";
        return checkedLevel(pattern, segment.name, value);
      });
      return [root, ...levels].join("/");
    },
  };
}

function checkedLevel(pattern: string, level: string, value: unknown): string {
  if (typeof value === "string" && isId(value)) return value;
  const shown = JSON.stringify(value)?.slice(0, 100);
  throw new MeanetError(
    "TOPIC_INVALID",
    `${level} ${shown} of topic "${pattern}" must be 1 to 64 of a-z, 0-9 and "-"`,
    { pattern, level, value },
  );
}

/** `$share/{group}/{filter}`: every message goes to one member of the group. */
export function sharedFilter(group: string, filter: string): string {
  if (!GROUP.test(group)) {
    throw new MeanetError("TOPIC_INVALID", `share group "${group}" must be 1 to 80 of a-z, 0-9 and "-"`, {
      group,
    });
  }
  return `$share/${group}/${filter}`;
}
