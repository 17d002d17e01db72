import type { Verdict } from "@meanet/protocol";
import { cell, shareText } from "../texts.ts";

interface Context {
  get(key: string): unknown;
  set(key: string, value: unknown): void;
}

/** The last verdicts, newest first. */
export function recent(msg: { payload: Verdict }, flow: Context): { payload: object[] } {
  const verdict = msg.payload;
  const common = {
    ...{ time: new Date(verdict.at).toISOString().slice(11, 19), device: verdict.device, id: verdict.id },
    latency: verdict.latencyMs.toFixed(1),
  };
  const row =
    verdict.outcome === "refused"
      ? { ...common, answer: `refused: ${verdict.reason}`, exit: "–", ...cell("confidence", null, "–") }
      : {
          ...{ ...common, answer: verdict.label, exit: verdict.exit },
          ...cell("confidence", verdict.confidence, shareText(verdict.confidence)),
        };
  const rows = [row, ...((flow.get("recent") ?? []) as object[])].slice(0, 12);
  flow.set("recent", rows);
  return { payload: rows };
}

/** Tells the browser that said a true class that the broker has taken it. */
export function labelled(msg: { meanet: { device: string; id: string }; label: string }): object {
  const { device, id } = msg.meanet;
  return {
    ...msg,
    payload: { device, id, label: msg.label, said: `Sent: ${device} ${id} is ${msg.label}.` },
  };
}

export function labelFailed(msg: {
  meanet: { device: string; id: string };
  error: { message: string };
}): object {
  const { device, id } = msg.meanet;
  const why = msg.error.message.replace(/^MeanetError: /, "");
  return { ...msg, payload: { device, id, said: `Not sent: ${why}` } };
}
