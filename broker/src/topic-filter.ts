/** Whether `filter` takes messages of `topic`. @see MQTT 3.1.1 §4.7 */
export function matches(filter: string, topic: string): boolean {
  // [MQTT-4.7.2-1]
  if (topic.startsWith("$") && !filter.startsWith("$")) return false;
  const levels = topic.split("/");
  const wanted = filter.split("/");
  for (const [index, level] of wanted.entries()) {
    // "a/#" also takes "a" itself [MQTT-4.7.1-2]
    if (level === "#") return levels.length >= index;
    if (level !== "+" && level !== levels[index]) return false;
    if (index >= levels.length) return false;
  }
  return wanted.length === levels.length;
}

/** Whether every topic that `filter` takes is also taken by `right`. */
export function covers(right: string, filter: string): boolean {
  if (filter.startsWith("$") !== right.startsWith("$")) return false;
  const granted = right.split("/");
  const wanted = filter.split("/");
  for (const [index, level] of granted.entries()) {
    if (level === "#") return wanted.length >= index;
    const asked = wanted[index];
    if (asked === undefined || asked === "#") return false;
    if (level !== "+" && level !== asked) return false;
  }
  return granted.length === wanted.length;
}

export interface SharedFilter {
  readonly group: string;
  readonly filter: string;
}

/** How the name of every shared subscription begins. */
export const SHARE_PREFIX = "$share/";
const SHARED = /^\$share\/([^/+#]+)\/(.+)$/;

/** The parts of `$share/{group}/{filter}`; undefined for any other filter. */
export function parseSharedFilter(text: string): SharedFilter | undefined {
  const [, group, filter] = SHARED.exec(text) ?? [];
  return group === undefined || filter === undefined ? undefined : { group, filter };
}
