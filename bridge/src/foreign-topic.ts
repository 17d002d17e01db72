import { bytes, type Delivery, type Topic } from "@meanet/protocol";

/**
 * Topics of another convention, whose levels are not bound to MEANet's ids: `homie/5/{device}/{node}/{property}/set`. A level in
 * braces takes any text; the payload is bytes.
 */
export function foreignTopic<const P extends string>(pattern: P, delivery: Delivery): Topic<P, Uint8Array> {
  const segments = pattern.split("/").map((text) => ({ text, name: /^\{(\w+)\}$/.exec(text)?.[1] }));
  const join = (params: object, missing: string) =>
    segments
      .map(({ text, name }) =>
        name === undefined ? text : ((params as Record<string, string>)[name] ?? missing),
      )
      .join("/");
  return {
    pattern,
    ...delivery,
    ...bytes,
    format: (params) => join(params, ""),
    filter: (params = {}) => join(params, "+"),
    match(name) {
      const levels = name.split("/");
      if (levels.length !== segments.length) return undefined;
      const params: Record<string, string> = {};
      for (const [index, segment] of segments.entries()) {
        if (segment.name !== undefined) params[segment.name] = levels[index]!;
        else if (segment.text !== levels[index]) return undefined;
      }
      return params as ReturnType<Topic<P, Uint8Array>["match"]>;
    },
  };
}
