import { randomBytes } from "node:crypto";
import { isId } from "@meanet/protocol";
import { isMeanetError, MeanetError } from "@meanet/runtime/error";
import { type Attachment, attach } from "./attachment.ts";
import { AwaitedVerdicts } from "./awaited-verdicts.ts";
import { framePayload, type PayloadKind } from "./frame-payload.ts";
import { LiveStatus } from "./live-status.ts";
import type { NodeConstructor, NodeRed } from "./node-red.ts";
import { onInput, textOf } from "./on-input.ts";
import { Pace } from "./pace.ts";
import { WaitingRoom } from "./waiting-room.ts";

export interface DeviceConfig {
  readonly connection: string;
  /** Left empty, `msg.device` says. */
  readonly device: string;
  readonly kind: PayloadKind;
  readonly qos: string;
  /** Sends the message on with its verdict, instead of at once. */
  readonly wait: boolean;
  /** Seconds to wait for the verdict. */
  readonly timeout: string | number;
  /** Messages that may wait at once, for the broker or for their verdict. */
  readonly limit: string | number;
}

const DEFAULT_TIMEOUT_S = 10;
const DEFAULT_LIMIT = 1_000;

/** Publishes frames and sensor windows as a device does, and waits for their verdicts when asked. */
export function deviceNode(RED: NodeRed): NodeConstructor<DeviceConfig> {
  return function (config) {
    RED.nodes.createNode(this, config);
    const pace = new Pace<"published">(() => performance.now());
    const awaited = new AwaitedVerdicts();
    const room = new WaitingRoom(Number(config.limit) || DEFAULT_LIMIT);
    const isIdle = () => pace.total === 0 && room.taken === 0;
    const attached = attach(RED, this, config.connection, () => {
      if (isIdle()) {
        return { fill: "green", shape: "ring", text: RED._("status.ready") };
      }
      const waiting = room.full ? "status.full" : "status.waiting";
      const rest = room.taken === 0 ? [] : [RED._(waiting, { count: room.taken })];
      return {
        fill: room.full ? "yellow" : "green",
        shape: "dot",
        text: [`${pace.perSecond.toFixed(1)}/s`, ...rest].join(" · "),
      };
    });
    const live = new LiveStatus(() => attached?.show(), isIdle);
    if (attached !== undefined && config.wait) follow(attached, config.device?.trim() ?? "", awaited);
    attached?.atEnd(() => {
      live.stop();
      awaited.close();
    });

    onInput(this, attached, async ({ link }, message, send) => {
      const device = deviceOf(config.device, message.device);
      const id = textOf(undefined, message.id) ?? randomBytes(12).toString("hex");
      const { topic, bytes } = framePayload(message.payload, config.kind);
      const qos = config.qos === "0" ? 0 : 1;
      const params = { site: link.site, device, id };
      const publish = () => link.publish(link.topics[topic], params, bytes, qos);
      // What cannot be published at all must not be waited for.
      link.topics[topic].format(params);
      message.meanet = params;
      if (!config.wait) {
        await publish();
        pace.add("published");
        live.touch();
        send(message);
        return;
      }
      const timeoutMs = 1_000 * (Number(config.timeout) || DEFAULT_TIMEOUT_S);
      const begun = performance.now();
      message.payload = await room.during(async () => {
        live.touch();
        // A verdict can only be heard once the subscription stands.
        await link.whenConnected(timeoutMs);
        const leftMs = Math.max(0, timeoutMs - (performance.now() - begun));
        const tell = (error: unknown) => {
          if (isMeanetError(error)) awaited.failed(device, id, error);
        };
        const verdict = awaited.wait(device, id, leftMs, () => void publish().catch(() => undefined));
        publish().catch(tell);
        pace.add("published");
        return await verdict;
      });
      message.latencyMs = performance.now() - begun;
      send(message);
    });
  };
}

/** @throws {MeanetError} PAYLOAD_INVALID when there is none, or what there is is no id */
function deviceOf(configured: string, given: unknown): string {
  const device = textOf(configured, given) ?? "";
  if (isId(device)) return device;
  throw new MeanetError(
    "PAYLOAD_INVALID",
    device === ""
      ? "no device is named: give one in the dialog, or in msg.device"
      : `device ${JSON.stringify(device)} must be 1 to 64 of a-z, 0-9 and "-"`,
  );
}

/** Hears the verdicts of the device, or of all while messages say which; after an outage it asks for those that it missed. */
function follow(attached: Attachment, device: string, awaited: AwaitedVerdicts): void {
  const { link } = attached;
  const params = device === "" ? { site: link.site } : { site: link.site, device };
  attached.subscribe(link.topics.verdict, params, ({ value }) => awaited.arrived(value));
  attached.atEnd(
    link.onState((state) => {
      if (state === "connected") awaited.publishAgain();
    }),
  );
}
