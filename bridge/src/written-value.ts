import type { Property } from "./catalogue.ts";

/** What to publish to `{edge}/set/{setting}`, or why what was written is nothing to publish. */
export type Written =
  | { readonly setting: NonNullable<Property["set"]>["setting"]; readonly value: string | number }
  | { readonly refused: string };

/**
 * What becomes of a value that someone of another ecosystem wrote. Only what the property was announced to take is passed on; the edge
 * node judges it once more.
 */
export function writtenValue(property: Property, value: unknown): Written {
  const { id, kind, set, range, options } = property;
  if (set === undefined) return { refused: `${id} cannot be set` };
  const { setting, payload, suffix } = set;
  switch (kind) {
    case "button":
      return value === true || value === payload
        ? { setting, value: payload! }
        : { refused: `${id}: expected ${payload}` };
    case "select":
      return typeof value === "string" && options?.includes(value)
        ? { setting, value }
        : { refused: `${id}: expected one of ${options?.join(", ")}` };
    default: {
      const { min, max } = range!;
      if (typeof value !== "number" || !(value >= min && value <= max)) {
        return { refused: `${id}: expected a number from ${min} to ${max}` };
      }
      return { setting, value: suffix === undefined ? value : `${value}${suffix}` };
    }
  }
}
