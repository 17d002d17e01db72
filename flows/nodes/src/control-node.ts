import { isId, type SettingState, settings } from "@meanet/protocol";
import { MeanetError } from "@meanet/runtime/error";
import { attach } from "./attachment.ts";
import type { FlowMessage, NodeConstructor, NodeRed, Send } from "./node-red.ts";
import { onInput, textOf } from "./on-input.ts";
import { SettingStates } from "./setting-states.ts";

export interface ControlConfig {
  readonly connection: string;
  /** Left empty, `msg.edge` says. */
  readonly edge: string;
  /** Left empty, `msg.setting` or `msg.topic` says. */
  readonly setting: string;
  /** Seconds until an edge node that says nothing is an error. */
  readonly timeout: string | number;
  /** Sends on what changes without this node's doing, too. */
  readonly watch: boolean;
}

const DEFAULT_TIMEOUT_S = 10;

/** Changes a setting of an edge node while it works, and tells what came of it. */
export function controlNode(RED: NodeRed): NodeConstructor<ControlConfig> {
  return function (config) {
    RED.nodes.createNode(this, config);
    const states = new SettingStates();
    let last: { readonly setting: string; readonly state: SettingState } | undefined;
    const attached = attach(RED, this, config.connection, () => {
      if (last === undefined) return { fill: "green", shape: "ring", text: RED._("status.ready") };
      const { setting, state } = last;
      const text = `${setting} ${state.value}`;
      if (state.error === null) return { fill: "green", shape: "dot", text };
      return { fill: "red", shape: "dot", text: `${text} · ${RED._("status.refused")}` };
    });
    const [edge, setting] = [config.edge?.trim(), config.setting?.trim()];
    if (attached !== undefined) {
      const { link } = attached;
      const params = { site: link.site, ...(edge ? { edge } : {}), ...(setting ? { setting } : {}) };
      attached.subscribe(link.topics.state, params, ({ params: named, value: state, name, retained }) => {
        last = { setting: named.setting, state };
        attached.show();
        const isAnswer = states.arrived(named.edge, named.setting, state, retained);
        if (!isAnswer && config.watch)
          tell((messages) => this.send(messages), { topic: name }, named.edge, named.setting, state);
      });
      attached.atEnd(() => states.close());
    }

    onInput(this, attached, async ({ link }, message, send) => {
      const target = edgeOf(textOf(edge, message.edge));
      const wished = settingOf(textOf(setting, message.setting ?? message.topic));
      const timeoutMs = 1_000 * (Number(config.timeout) || DEFAULT_TIMEOUT_S);
      const params = { site: link.site, edge: target, setting: wished };
      link.topics.set.format(params);
      await link.whenConnected(timeoutMs);
      const { payload } = message;
      if (payload === undefined || payload === null || payload === "") {
        tell(send, message, target, wished, await states.read(target, wished, timeoutMs));
        return;
      }
      const value = wishOf(payload);
      const state = await states.wish(target, wished, timeoutMs, () =>
        link.publish(link.topics.set, params, value),
      );
      tell(send, message, target, wished, state);
    });
  };
}

/** To the first output what is in force, to the second why a wish was refused. */
function tell(send: Send, message: FlowMessage, edge: string, setting: string, state: SettingState): void {
  Object.assign(message, { edge, setting, state, payload: state.error ?? state.value });
  send(state.error === null ? [message, null] : [null, message]);
}

function edgeOf(text: string | undefined): string {
  if (text !== undefined && isId(text)) return text;
  throw new MeanetError(
    "SETTING_INVALID",
    text === undefined || text === ""
      ? "no edge node is named: give one in the dialog, or in msg.edge"
      : `edge node ${JSON.stringify(text)} must be 1 to 64 of a-z, 0-9 and "-"`,
  );
}

function settingOf(text: string | undefined): string {
  const known = settings.find((name) => name === text);
  if (known !== undefined) return known;
  throw new MeanetError(
    "SETTING_INVALID",
    text === undefined || text === ""
      ? `no setting is named: choose one in the dialog, or name one of ${settings.join(", ")} in msg.setting or msg.topic`
      : `setting ${JSON.stringify(text)} is unknown; expected one of ${settings.join(", ")}`,
  );
}

/** A dashboard's switch gives a boolean where the setting says `on` and `off`. */
function wishOf(payload: unknown): string | number {
  if (typeof payload === "boolean") return payload ? "on" : "off";
  if (typeof payload === "number" || typeof payload === "string") return payload;
  throw new MeanetError(
    "PAYLOAD_INVALID",
    "msg.payload must be the wished value: text, a number or a boolean",
  );
}
