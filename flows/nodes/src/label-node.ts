import { MeanetError } from "@meanet/runtime/error";
import { attach } from "./attachment.ts";
import { LiveStatus } from "./live-status.ts";
import type { FlowMessage, NodeConstructor, NodeRed } from "./node-red.ts";
import { onInput, textOf } from "./on-input.ts";

export interface LabelConfig {
  readonly connection: string;
  /** Left empty, `msg.label` or `msg.payload` says. */
  readonly label: string;
}

/** Tells the true class of a frame: to the edge node that learns from it, and to the recorder that counts what was right. */
export function labelNode(RED: NodeRed): NodeConstructor<LabelConfig> {
  return function (config) {
    RED.nodes.createNode(this, config);
    let sent = 0;
    const attached = attach(RED, this, config.connection, () => ({
      fill: "green",
      shape: sent === 0 ? "ring" : "dot",
      text: RED._("status.sent", { count: sent }),
    }));
    const live = new LiveStatus(
      () => attached?.show(),
      () => true,
    );
    attached?.atEnd(() => live.stop());

    onInput(this, attached, async ({ link }, message, send) => {
      const label = labelOf(config.label, message);
      const { device, id } = referenceOf(message);
      const params = { site: link.site, device, id };
      await link.publish(link.topics.label, params, { label });
      sent += 1;
      live.touch();
      message.meanet = { ...(isRecord(message.meanet) ? message.meanet : {}), ...params };
      message.label = label;
      send(message);
    });
  };
}

function labelOf(configured: string, { label, payload }: FlowMessage): string | number {
  const given = configured?.trim() || (label ?? payload);
  const isIndex = typeof given === "number" && Number.isInteger(given) && given >= 0;
  if (isIndex || (typeof given === "string" && given !== "" && given.length <= 128)) return given;
  throw new MeanetError(
    "PAYLOAD_INVALID",
    `the true class is ${JSON.stringify(given)?.slice(0, 100)}; expected its name or its index in msg.label or msg.payload`,
  );
}

/** The frame: by `msg.meanet`, as our nodes give it, by `msg.device` and `msg.id`, or by the verdict in `msg.payload`. */
function referenceOf({ meanet, device, id, payload }: FlowMessage): {
  readonly device: string;
  readonly id: string;
} {
  for (const source of [{ device, id }, meanet, payload]) {
    if (!isRecord(source)) continue;
    const [named, numbered] = [textOf(undefined, source.device), textOf(undefined, source.id)];
    if (named !== undefined && numbered !== undefined) return { device: named, id: numbered };
  }
  throw new MeanetError(
    "PAYLOAD_INVALID",
    "the message names no frame; expected msg.meanet of a verdict or device node, or msg.device and msg.id",
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
