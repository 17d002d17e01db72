import { createHash } from "node:crypto";

/** A node, tab, group or configuration as `flows.json` holds it. */
export interface FlowNode {
  readonly id: string;
  readonly type: string;
  /** Tab or subflow it stands on; configurations of all tabs have none. */
  readonly z?: string;
  readonly [key: string]: unknown;
}

/** What one file of the package delivers: a tab with what is on it, or configurations that several tabs share. */
export interface Delivered {
  readonly name: string;
  readonly nodes: readonly FlowNode[];
}

/** What was installed last of each delivery: tells a user's change from an older version of ours. */
export type Installed = Readonly<Record<string, { readonly hash: string; readonly ids: readonly string[] }>>;

/**
 * What became of a delivery:
 * - `installed`: it is there for the first time
 * - `upgraded`: the version before was untouched and gave way to this one
 * - `current`: it is there as delivered
 * - `changed`: the user changed it, and it is theirs now
 * - `outdated`: the same, and this version would be a newer one: it is offered for import
 * - `deleted`: the user deleted it, and it stays away
 * - `taken`: nodes of other content have its ids already, so that it cannot be installed
 */
export type Outcome = "installed" | "upgraded" | "current" | "changed" | "outdated" | "deleted" | "taken";

export interface Installation {
  readonly flows: readonly FlowNode[];
  readonly installed: Installed;
  readonly report: Readonly<Record<string, Outcome>>;
}

/**
 * Puts what we deliver beside what the user has. What the user made, changed or deleted is never touched.
 *
 * @param user - the whole of `flows.json`
 * @param delivered - ids stay the same from version to version, and no two deliveries share one
 * @param installed - as this function gave it the last time; empty at first
 */
export function installFlows(
  user: readonly FlowNode[],
  delivered: readonly Delivered[],
  installed: Installed,
): Installation {
  let flows = user;
  const records: Record<string, Installed[string]> = { ...installed };
  const report: Record<string, Outcome> = {};
  for (const { name, nodes } of delivered) {
    const fresh = { hash: hashOf(nodes), ids: nodes.map(({ id }) => id) };
    const { outcome, removed } = judge(flows, fresh, records[name]);
    report[name] = outcome;
    if (outcome === "installed" || outcome === "upgraded") {
      flows = [...flows.filter((node) => !removed.has(node)), ...nodes];
    }
    if (outcome === "installed" || outcome === "upgraded" || outcome === "current") records[name] = fresh;
  }
  return { flows, installed: records, report };
}

interface Judgement {
  readonly outcome: Outcome;
  /** Nodes of the version before. */
  readonly removed: ReadonlySet<FlowNode>;
}

function judge(
  flows: readonly FlowNode[],
  fresh: Installed[string],
  before: Installed[string] | undefined,
): Judgement {
  const none: ReadonlySet<FlowNode> = new Set();
  const present = new Set(belongingTo(flows, before?.ids ?? fresh.ids));
  const hash = hashOf([...present]);
  if (before === undefined) {
    if (present.size === 0) return { outcome: "installed", removed: none };
    // Installed, and ended before that was noted down.
    return { outcome: hash === fresh.hash ? "current" : "taken", removed: none };
  }
  if (isDeleted(flows, present, before)) return { outcome: "deleted", removed: none };
  if (hash === fresh.hash) return { outcome: "current", removed: none };
  if (hash !== before.hash) {
    return { outcome: before.hash === fresh.hash ? "changed" : "outdated", removed: none };
  }
  const ids = new Set(fresh.ids);
  const foreign = flows.some((node) => ids.has(node.id) && !present.has(node));
  return foreign ? { outcome: "taken", removed: none } : { outcome: "upgraded", removed: present };
}

/** Nodes with these ids, and what the user has put on these tabs. */
function belongingTo(flows: readonly FlowNode[], ids: readonly string[]): FlowNode[] {
  const known = new Set(ids);
  return flows.filter(({ id, z }) => known.has(id) || (z !== undefined && known.has(z)));
}

/** Configurations outlive the tab that used them: a delivery whose tab is gone is deleted. */
function isDeleted(
  flows: readonly FlowNode[],
  present: ReadonlySet<FlowNode>,
  before: Installed[string],
): boolean {
  if (present.size === 0) return true;
  const ids = new Set(before.ids);
  const hadTab = before.ids.some((id) => id.startsWith(TAB_ID));
  return hadTab && !flows.some(({ id, type }) => type === "tab" && ids.has(id));
}

/** How the ids of our tabs begin: a tab that is gone can no longer tell that it was one. */
export const TAB_ID = "meanet-tab-";

/** The same for the same content, whatever the order of nodes and keys: the editor writes both as it likes. */
function hashOf(nodes: readonly FlowNode[]): string {
  const ordered = nodes.toSorted((a, b) => (a.id < b.id ? -1 : 1)).map(sortKeys);
  return createHash("sha256").update(JSON.stringify(ordered)).digest("hex");
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sortKeys(inner)]),
  );
}
