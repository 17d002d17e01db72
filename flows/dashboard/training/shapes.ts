import type { Training } from "@meanet/protocol";
import { joulesText, shareText } from "../texts.ts";

interface Context {
  get(key: string): unknown;
  set(key: string, value: unknown): void;
}

interface Told {
  readonly node: string;
  readonly training: Training;
}

/** Keeps events, the newest first: many of them, and of those that come with every item only the last of each node. */
export function keepTraining(msg: { node: string; payload: Training }, flow: Context): null {
  const { node, payload: training } = msg;
  if (training.event === "collected") {
    const stores = (flow.get("stores") ?? {}) as Record<string, Training>;
    flow.set("stores", { ...stores, [node]: training });
    return null;
  }
  const events = (flow.get("events") ?? []) as Told[];
  flow.set("events", [{ node, training }, ...events].slice(0, 500));
  return null;
}

export function storeRows(msg: object, flow: Pick<Context, "get">): { payload: object[] } {
  const stores = (flow.get("stores") ?? {}) as Record<string, Training & { event: "collected" }>;
  const rows = Object.entries(stores).map(([node, { items, fresh }]) => ({ node, ...items, fresh }));
  return { ...msg, payload: rows };
}

/** A row for each comparison of each candidate, the newest first. */
export function trialRows(msg: object, flow: Pick<Context, "get">): { payload: object[] } {
  const events = (flow.get("events") ?? []) as Told[];
  const rows = events.flatMap(({ node, training }) => {
    if (training.event !== "accepted" && training.event !== "refused") return [];
    const { heldOut, reference } = training.figures;
    const kinds = [
      { name: "held-out items", one: heldOut },
      { name: "reference frames", one: reference },
    ];
    return kinds.flatMap(({ name, one }) =>
      one === null
        ? []
        : [
            {
              ...{ run: `${node} ${training.run}`, items: `${one.items} ${name}` },
              ...{ before: shareText(one.current), after: shareText(one.candidate) },
              moved: `+${one.won} −${one.lost}`,
              verdict: training.event === "accepted" ? "✔ accepted" : `✖ refused: ${training.reason}`,
            },
          ],
    );
  });
  return { ...msg, payload: rows.slice(0, 10) };
}

/** Loss and accuracy of each epoch of the last training of each node. */
export function epochPoints(msg: object, flow: Pick<Context, "get">): { payload: object[] } {
  const events = (flow.get("events") ?? []) as Told[];
  const last = new Map<string, number>();
  const points = events.flatMap(({ node, training }) => {
    if (training.event !== "epoch") return [];
    if (!last.has(node)) last.set(node, training.run);
    if (last.get(node) !== training.run) return [];
    const { epoch, loss, accuracy } = training;
    const named = (what: string, value: number) => ({
      epoch: String(epoch),
      series: `${node} ${what}`,
      value,
    });
    return accuracy === null
      ? [named("loss, nats", loss)]
      : [named("accuracy on held-out items", accuracy), named("loss, nats", loss)];
  });
  return { ...msg, payload: points.reverse() };
}

export function eventRows(msg: object, flow: Pick<Context, "get">): { payload: object[] } {
  const events = (flow.get("events") ?? []) as Told[];
  const detail = (training: Training): string => {
    switch (training.event) {
      case "started":
        return `${training.items} items, ${training.heldOut} held out, ${training.epochs} epochs, because of ${training.trigger}; hard classes: ${training.hardClasses.join(", ")}`;
      case "epoch":
        return `${training.epoch} of ${training.epochs}: loss ${training.loss.toFixed(3)}, ${Math.round(training.imagesPerS)} images/s`;
      case "swapped":
        return `${training.before} gave way to ${training.model}`;
      case "passed":
        return `its trial is over after ${training.disagreement.items} labelled frames`;
      case "rolled-back":
        return `${training.model} again in the place of ${training.before}: ${training.reason}`;
      case "refused":
      case "failed":
        return training.reason;
      case "proposed":
        return `become hard: ${training.becomeHard.join(", ") || "none"}; become easy: ${training.becomeEasy.join(", ") || "none"}`;
      case "agreed":
        return `by the ${training.by}: ${training.hardClasses.join(", ")}`;
      default:
        return "";
    }
  };
  const rows = events.slice(0, 30).map(({ node, training }) => ({
    ...{ time: new Date(training.at).toISOString().slice(0, 19).replace("T", " "), node },
    ...{ run: training.run === 0 ? "–" : String(training.run), event: training.event },
    ...{ detail: detail(training), energy: joulesText(training.energyJ) },
  }));
  return { ...msg, payload: rows };
}
