import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import type { MqttSession, Subscribed } from "@meanet/session";
import { foreignTopic } from "../foreign-topic.ts";
import { discoveryBreaches, MAX_STATE } from "./discovery-rules.ts";
import { renderTemplate } from "./template.ts";

const DELIVERY = { qos: 1, retain: false } as const;

interface Entity {
  readonly platform: string;
  readonly unique_id: string;
  readonly state_topic?: string;
  readonly command_topic?: string;
  readonly image_topic?: string;
  readonly value_template?: string;
  readonly command_template?: string;
  readonly json_attributes_topic?: string;
  readonly payload_press?: string;
  readonly options?: readonly string[];
  readonly device_class?: string;
  readonly availability?: readonly Availability[];
  readonly [option: string]: unknown;
}

interface Availability {
  readonly topic: string;
  readonly value_template: string;
  readonly payload_available: string;
}

interface Discovered {
  readonly device: { readonly name: string };
  readonly availability?: readonly Availability[];
  readonly components: Readonly<Record<string, Entity>>;
}

/**
 * Reads discovery messages as Home Assistant's documentation says that it does: checks them, subscribes to the topics that they name,
 * takes values out by their templates, and publishes to their command topics. A reader in its place, because Home Assistant itself
 * cannot run in a test. It looks at one site.
 */
export class HomeAssistantReader {
  /** By object id of the topic, `meanet_default_node_edge-1`. */
  readonly devices = new Map<string, Discovered>();
  /** Every breach of a documented rule, and every template that failed. */
  readonly breaches: string[] = [];
  /** Configurations received, removals included. */
  configurations = 0;
  readonly #session: MqttSession;
  readonly #payloads = new Map<string, string>();
  readonly #images = new Map<string, Uint8Array>();
  readonly #subscribed = new Map<string, Subscribed>();
  readonly #events = new EventEmitter();

  /** @param session - not connected yet */
  constructor(session: MqttSession) {
    this.#session = session;
    const config = foreignTopic("homeassistant/device/{object}/config", DELIVERY);
    session.subscribe(config, {}, ({ params, value }) => {
      if (!params.object.startsWith(`meanet_${session.site}_`)) return;
      this.#discover(params.object, config.format(params), Buffer.from(value).toString());
      this.#events.emit("change");
    });
  }

  /** Says that Home Assistant has started. */
  async sayOnline(): Promise<void> {
    await this.#session.publishBytes("homeassistant/status", Buffer.from("online"), DELIVERY);
  }

  /** State of an entity as Home Assistant would show it: undefined when there was no message, "unavailable" when its device is away. */
  state(object: string, component: string): string | undefined {
    const device = this.devices.get(object);
    const entity = device?.components[component];
    if (device === undefined || entity === undefined) return undefined;
    if (!this.#isAvailable(entity.availability ?? device.availability ?? [])) return "unavailable";
    const payload = this.#payloads.get(entity.state_topic ?? "");
    if (payload === undefined) return undefined;
    const state = this.#render(entity.value_template ?? "{{ value }}", payload, `${object} ${component}`);
    if (entity.platform === "binary_sensor") return binaryState(entity, state);
    if (entity.platform === "number") assert.ok(Number.isFinite(Number(state)) && state !== "", state);
    // Home Assistant keeps neither longer states nor words that an entity does not name.
    assert.ok(state.length <= MAX_STATE);
    if (entity.options !== undefined) assert.ok(entity.options.includes(state), `${component}: ${state}`);
    return state;
  }

  /** The last image of an entity, as bytes. */
  image(object: string, component: string): Uint8Array | undefined {
    return this.#images.get(this.devices.get(object)?.components[component]?.image_topic ?? "");
  }

  /** The JSON beside a state. */
  attributes(object: string, component: string): Record<string, unknown> {
    const topic = this.devices.get(object)?.components[component]?.json_attributes_topic ?? "";
    return JSON.parse(this.#payloads.get(topic) ?? "{}") as Record<string, unknown>;
  }

  /** Sets a number or select, or presses a button. */
  async command(object: string, component: string, value?: string | number): Promise<void> {
    const entity = this.devices.get(object)?.components[component];
    assert.ok(entity?.command_topic !== undefined, `${object} ${component} takes no command`);
    const template = entity.command_template ?? "{{ value }}";
    const payload =
      entity.platform === "button" ? entity.payload_press! : renderTemplate(template, String(value));
    await this.#session.publishBytes(entity.command_topic, Buffer.from(payload), DELIVERY);
  }

  /** Resolves when `condition` holds; looked at after each message. The test's own time limit ends a wait in vain. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await once(this.#events, "change");
  }

  #discover(object: string, topic: string, payload: string): void {
    this.configurations += 1;
    if (payload === "") {
      this.devices.delete(object);
      return;
    }
    this.breaches.push(...discoveryBreaches(topic, payload).map((breach) => `${object}: ${breach}`));
    const discovered = JSON.parse(payload) as Discovered;
    this.devices.set(object, discovered);
    const own = Object.values(discovered.components);
    const ids = [...this.devices.values()].flatMap(({ components }) =>
      Object.values(components).flatMap(({ unique_id }) => unique_id ?? []),
    );
    if (new Set(ids).size < ids.length) this.breaches.push(`${object}: a unique id twice`);
    for (const entity of own) {
      this.#watchImage(entity.image_topic);
      const { state_topic, json_attributes_topic, availability = [] } = entity;
      for (const one of [state_topic, json_attributes_topic, ...availability.map((each) => each.topic)])
        this.#watch(one);
    }
    for (const { topic: name } of discovered.availability ?? []) this.#watch(name);
  }

  #watch(name: string | undefined): void {
    if (name === undefined || this.#subscribed.has(name)) return;
    const subscribed = this.#session.subscribe(foreignTopic(name, DELIVERY), {}, ({ value }) => {
      this.#payloads.set(name, Buffer.from(value).toString());
      this.#events.emit("change");
    });
    this.#subscribed.set(name, subscribed);
  }

  #watchImage(filter: string | undefined): void {
    if (filter === undefined || this.#subscribed.has(filter)) return;
    const topic = foreignTopic(filter.replace("+", "{id}"), DELIVERY);
    const subscribed = this.#session.subscribe(topic, {}, ({ value }) => {
      this.#images.set(filter, value);
      this.#events.emit("change");
    });
    this.#subscribed.set(filter, subscribed);
  }

  #isAvailable(availability: readonly Availability[]): boolean {
    return availability.every(({ topic, value_template, payload_available }) => {
      const payload = this.#payloads.get(topic);
      return payload !== undefined && this.#render(value_template, payload, topic) === payload_available;
    });
  }

  #render(template: string, payload: string, where: string): string {
    try {
      return renderTemplate(template, payload);
    } catch (error) {
      this.breaches.push(`${where}: ${template}: ${String(error)}`);
      return "";
    }
  }
}

function binaryState({ payload_on, payload_off }: Entity, state: string): string {
  assert.ok(state === payload_on || state === payload_off, state);
  return state === payload_on ? "on" : "off";
}
