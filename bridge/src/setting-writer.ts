import type { Logger } from "@meanet/runtime";
import type { MqttSession } from "@meanet/session";
import type { Property } from "./catalogue.ts";
import type { Structure } from "./device-model.ts";
import type { Tally } from "./tally.ts";
import { writtenValue } from "./written-value.ts";

/** Passes what was written in another convention on to the edge node, in the name of the bridge. */
export class SettingWriter {
  readonly #session: MqttSession;
  readonly #tally: Tally;
  readonly #log: Logger;

  constructor(session: MqttSession, tally: Tally, log: Logger) {
    this.#session = session;
    this.#tally = tally;
    this.#log = log;
  }

  write({ id }: Structure, property: Property, value: unknown): void {
    const written = writtenValue(property, value);
    if ("refused" in written) {
      this.refuse(written.refused);
      return;
    }
    const { topics, site } = this.#session;
    const { setting } = written;
    this.#session.publish(topics.set, { site, edge: id, setting }, written.value).then(
      () => this.#tally.count("written"),
      (error: unknown) => {
        this.#tally.drop("unpublished");
        this.#log.warn({ err: error, edge: id, setting }, "a setting was not passed on");
      },
    );
  }

  /** What was written is for nobody, or nothing that its property takes. */
  refuse(reason: string): void {
    this.#tally.drop("write-refused");
    this.#log.warn({ reason }, "a write was refused");
  }
}
