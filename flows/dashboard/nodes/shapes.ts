import type { Seen } from "../asking.ts";
import { bytesText, cell } from "../texts.ts";

interface Context {
  get(key: string): unknown;
  set(key: string, value: unknown): void;
}

/** What is known of a node: its last status, and its last stats. */
interface Known {
  readonly state?: string;
  readonly kind?: string;
  readonly version?: string;
  readonly models?: readonly string[];
  readonly uptimeS?: number;
  readonly memoryBytes?: number;
  readonly queues?: Readonly<Record<string, number>>;
}

/** Keeps what a node tells: its status, and its stats, whose `models` are counts of answers. */
export function keepNode(
  msg: { node: string; payload: Known & { uptimeS?: number } },
  flow: Pick<Context, "get" | "set">,
): null {
  const known = (flow.get("known") ?? {}) as Record<string, Known>;
  const { models: _, ...stats } = msg.payload;
  const told = msg.payload.uptimeS === undefined ? msg.payload : stats;
  flow.set("known", { ...known, [msg.node]: { ...known[msg.node], ...told } });
  return null;
}

/** A row for each node, those that are not well first. */
export function nodeRows(msg: { payload: Seen }, flow: Pick<Context, "get">): { payload: object[] } {
  const known = (flow.get("known") ?? {}) as Record<string, Known>;
  const drops = new Map((msg.payload.answers.nodes ?? []).map(({ node, drops }) => [node, drops]));
  const signs: Record<string, string> = { online: "✔ online", offline: "✖ offline", stopped: "■ stopped" };
  const ranks: Record<string, number> = { offline: 0, stopped: 1, online: 2 };
  const sinceStart = (seconds: number) => {
    if (seconds < 120) return `${Math.round(seconds)} s`;
    if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
    return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} days`;
  };
  // What a broker holds, and its clients, are no queues.
  const held = ["clients", "sessions", "shareGroups", "retainedMessages", "retainedBytes"];
  const waitingText = (queues: Readonly<Record<string, number>>) =>
    Object.entries(queues)
      .filter(([queue]) => !held.includes(queue))
      .map(([queue, length]) => {
        const words = queue.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
        return queue.endsWith("Bytes")
          ? `${words.replace(/ bytes$/, "")} ${bytesText(length)}`
          : `${words} ${length}`;
      })
      .join(", ") || "–";
  const rows = Object.entries(known).map(([node, one]) => ({
    node,
    kind: one.kind ?? "–",
    rank: ranks[one.state ?? ""] ?? 3,
    state: signs[one.state ?? ""] ?? "not told",
    ...(one.uptimeS === undefined || one.state !== "online"
      ? cell("up", null, "–")
      : cell("up", one.uptimeS, sinceStart(one.uptimeS))),
    version: one.version ?? "–",
    models: (one.models ?? []).join(", ") || "–",
    ...cell("memory", one.memoryBytes, bytesText(one.memoryBytes)),
    "resident memory": one.memoryBytes === undefined ? 0 : Math.round(one.memoryBytes / 1e5) / 10,
    queues: waitingText(one.queues ?? {}),
    drops: drops.get(node) ?? "–",
  }));
  rows.sort((a, b) => a.rank - b.rank || (a.node < b.node ? -1 : 1));
  return { ...msg, payload: rows };
}
