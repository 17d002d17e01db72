import type { Training } from "@meanet/protocol";
import type { Seen } from "../asking.ts";
import type { Figure } from "../overview/shapes.ts";
import { cell, joulesText, shareText } from "../texts.ts";
import { type Context, learnerOf, type Stored, type Told } from "./history.ts";

// Functions of this file run in Node-RED, each with the parts that its node is given: nothing else of this module is there.

/** What there is, in a few figures, or why there is nothing. */
export function trainingFigures(
  msg: { payload: Seen },
  flow: Pick<Context, "get">,
): { payload: { figures: Figure[]; empty: string | null } } {
  const stores = Object.values((flow.get("stores") ?? {}) as Record<string, Stored>);
  const events = (flow.get("events") ?? []) as Told[];
  const sum = (of: (training: Stored["training"]) => number) =>
    stores.reduce((total, { training }) => total + of(training), 0);
  const items = sum((training) => training.items.label + training.items.cloud);
  const last = events.find(({ training }) => training.run > 0);
  const ofLast = events.filter(
    (one) =>
      last !== undefined && one.training.run === last.training.run && learnerOf(one) === learnerOf(last),
  );
  const energyJ =
    last === undefined ? null : ofLast.reduce((total, { training }) => total + training.energyJ, 0);
  const judged = events.find(({ training }) => training.event === "accepted" || training.event === "refused");
  const figures = judged !== undefined && "figures" in judged.training ? judged.training.figures : undefined;
  const gain = figures === undefined ? null : (figures.heldOut.candidate - figures.heldOut.current) * 100;
  const none = "–";
  const list: Figure[] = [
    {
      ...{ key: "items", label: "Items collected", value: items, text: String(items) },
      note: `${sum((training) => training.items.label)} labelled by people, ${sum((training) => training.items.cloud)} answered by the cloud`,
    },
    {
      ...{ key: "last", label: "Last training", value: last?.training.run ?? null },
      text: last === undefined ? none : last.training.event,
      note: last === undefined ? "none is known" : `number ${last.training.run} of ${last.node}`,
    },
    {
      ...{ key: "gain", label: "Last candidate", value: gain },
      text: gain === null ? none : `${gain < 0 ? "−" : "+"}${Math.abs(gain).toFixed(1)} points`,
      note:
        figures === undefined
          ? "none was judged yet"
          : `beside what was in force, on ${figures.heldOut.items} held-out items`,
    },
    {
      ...{ key: "training-energy", label: "Energy of the last training", value: energyJ },
      ...{ text: joulesText(energyJ), note: "all its steps" },
    },
  ];
  const nothing = stores.length === 0 && events.length === 0;
  const { recorder, troubles } = msg.payload;
  const untold = Object.keys(troubles).length > 0 ? "The recorder does not tell." : recorder;
  const why = untold
    ? `No edge node has told of learning since Node-RED was started, and of the time before a recorder would know. ${untold}`
    : "No edge node has told of learning yet. It is switched on under Control.";
  return { ...msg, payload: { figures: nothing ? [] : list, empty: nothing ? why : null } };
}

/** What is told as new was seen by a training that began since. */
export function storeRows(msg: object, flow: Pick<Context, "get">): { payload: object[] } {
  const stores = Object.values((flow.get("stores") ?? {}) as Record<string, Stored>);
  const events = (flow.get("events") ?? []) as Told[];
  const rows = stores.map((store) => {
    const { items, fresh, heldOut, at, model } = store.training;
    const seen = events.some(
      (one) =>
        one.training.event === "started" && one.training.at >= at && learnerOf(one) === learnerOf(store),
    );
    const bundle = model.replace(/@.*/, "");
    return { node: store.node, ...items, fresh: seen ? 0 : fresh, heldOut: heldOut ?? "–", bundle };
  });
  rows.sort((a, b) => (a.node < b.node ? -1 : 1));
  return { ...msg, payload: rows };
}

/** What each store holds of each class, those with the fewest items first: they are what a training lacks. */
export function classRows(msg: object, flow: Pick<Context, "get">): { payload: object[] } {
  const stores = Object.values((flow.get("stores") ?? {}) as Record<string, Stored>);
  const rows = stores.flatMap(({ node, training }) =>
    (training.classes ?? []).map(({ name, ...counts }) => ({ node, class: name, ...counts })),
  );
  rows.sort((a, b) => a.label + a.cloud - (b.label + b.cloud));
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
              ...{ run: `${node} ${training.run}`, ...cell("items", one.items, `${one.items} ${name}`) },
              ...cell("before", one.current, shareText(one.current)),
              ...cell("after", one.candidate, shareText(one.candidate)),
              moved: `+${one.won} −${one.lost}`,
              verdict: training.event === "accepted" ? "✔ accepted" : `✖ refused: ${training.reason}`,
            },
          ],
    );
  });
  return { ...msg, payload: rows.slice(0, 10) };
}

/** Loss and accuracy of each epoch of the last training of each node's bundle. */
export function epochPoints(msg: object, flow: Pick<Context, "get">): { payload: object[] } {
  const events = (flow.get("events") ?? []) as Told[];
  const last = new Map<string, number>();
  const points = events.flatMap((told) => {
    const { node, training } = told;
    if (training.event !== "epoch") return [];
    const learner = learnerOf(told);
    if (!last.has(learner)) last.set(learner, training.run);
    if (last.get(learner) !== training.run) return [];
    const { epoch, loss, accuracy, model } = training;
    const named = (what: string, value: number) => ({
      epoch: String(epoch),
      series: `${node}, ${model.replace(/@.*/, "")}: ${what}`,
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
      case "started": {
        const { items, stored = items } = training;
        const of = stored > items ? ` of ${stored}` : "";
        return `${items}${of} items, ${training.heldOut} held out, ${training.epochs} epochs, trigger ${training.trigger}; hard classes: ${training.hardClasses.join(", ")}`;
      }
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
      case "dismissed": {
        const waits = (training.waits ?? []).map(({ name, labels }) => `${labels} more labels of ${name}`);
        const classes = [...training.becomeHard, ...training.becomeEasy].join(", ");
        return `stay as they are: ${classes}${waits.length === 0 ? "" : `; not proposed again before ${waits.join(", ")}`}`;
      }
      case "agreed":
        return `by the ${training.by}: ${training.hardClasses.join(", ")}`;
      default:
        return "";
    }
  };
  const rows = events.slice(0, 30).map(({ node, training }) => ({
    ...{ time: new Date(training.at).toISOString().slice(0, 19).replace("T", " "), node },
    ...{ run: training.run === 0 ? "–" : String(training.run), event: training.event },
    ...{ detail: detail(training), ...cell("energy", training.energyJ, joulesText(training.energyJ)) },
  }));
  return { ...msg, payload: rows };
}
