/**
 * Where a value stands in a JSON payload. Plain data, so that one description gives both: the value that we publish for others,
 * and the template by which Home Assistant takes it out of the same payload itself.
 */
export type Reading = (
  | { readonly path: readonly string[] }
  /** The sum of several numbers of one object, which may be missing as a whole. */
  | { readonly sum: readonly string[]; readonly of: string }
  /** The sum of all numbers of an object, 0 for an empty one. */
  | { readonly total: readonly string[] }
  /** A list of words as one. */
  | { readonly list: readonly string[] }
  /** Whether it is this word. */
  | { readonly path: readonly string[]; readonly is: string }
) & {
  /** Takes a unit off a text, and makes it a number: `"2000ms"`. */
  readonly suffix?: string;
  /** A text that may be too long for a state. */
  readonly long?: true;
  /** What stands for it in payloads that lack it. Without it the value of before stays. */
  readonly otherwise?: string;
};

export type Value = string | number | boolean;

/** A state of Home Assistant has 255 characters at most; a list of all hard classes may have more. */
const LONGEST = 250;

/** The value in a payload; undefined where the payload has none. */
export function readValue(reading: Reading, payload: unknown): Value | undefined {
  if ("sum" in reading) {
    const numbers = reading.sum.map((key) => at(payload, [reading.of, key]));
    return numbers.every((number) => typeof number === "number")
      ? numbers.reduce((sum, number) => sum + number, 0)
      : undefined;
  }
  if ("total" in reading) {
    const counts = at(payload, reading.total);
    if (typeof counts !== "object" || counts === null) return undefined;
    return Object.values(counts).reduce<number>(
      (sum, count) => sum + (typeof count === "number" ? count : 0),
      0,
    );
  }
  if ("list" in reading) {
    const words = at(payload, reading.list);
    return Array.isArray(words) ? cut(words.join(", ")) : undefined;
  }
  const found = at(payload, reading.path);
  if ("is" in reading) return found === reading.is;
  if (typeof found === "string" && reading.suffix !== undefined) {
    const number = found.endsWith(reading.suffix) ? Number(found.slice(0, -reading.suffix.length)) : NaN;
    return Number.isFinite(number) ? number : undefined;
  }
  if (typeof found === "number" || typeof found === "boolean") return found;
  return typeof found === "string" ? cut(found) : reading.otherwise;
}

/**
 * The same as a template of Home Assistant (Jinja). Where a payload lacks the value and nothing stands for it, the template gives
 * nothing, by which a sensor of Home Assistant stays as it is.
 */
export function templateOf(reading: Reading): string {
  if ("sum" in reading) {
    const parts = reading.sum.map((key) => variable([reading.of, key]));
    return `{{ ${parts.join(" + ")} if ${variable([reading.of])} is defined else '' }}`;
  }
  if ("total" in reading) return `{{ ${variable(reading.total)}.values() | sum }}`;
  if ("list" in reading) return `{{ (${variable(reading.list)} | join(', '))[:${LONGEST}] }}`;
  const name = variable(reading.path);
  if ("is" in reading) return `{{ ${name} == '${reading.is}' }}`;
  if (reading.suffix !== undefined) return `{{ ${name} | replace('${reading.suffix}', '') }}`;
  if (reading.long) return `{{ (${name} | string)[:${LONGEST}] }}`;
  return `{{ ${name} | default('${reading.otherwise ?? ""}') }}`;
}

function cut(text: string): string {
  return text.length <= LONGEST ? text : Array.from(text).slice(0, LONGEST).join("");
}

/** Jinja takes `.items` for the method of Python's dictionaries, which goes before a key of that name. */
const DICTIONARY_METHODS = ["clear", "copy", "get", "items", "keys", "pop", "setdefault", "update", "values"];

function variable(path: readonly string[]): string {
  const levels = path.map((key) => (DICTIONARY_METHODS.includes(key) ? `['${key}']` : `.${key}`));
  return `value_json${levels.join("")}`;
}

function at(payload: unknown, path: readonly string[]): unknown {
  let value = payload;
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}
