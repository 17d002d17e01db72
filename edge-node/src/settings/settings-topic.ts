import { type Setting, settings as settingNames } from "@meanet/protocol";
import type { Logger } from "@meanet/runtime";
import type { MqttSession } from "@meanet/session";
import { isRequest, type Settings } from "./settings.ts";

export interface SettingsTopicOptions {
  readonly session: MqttSession;
  readonly settings: Settings;
  /** Names of the bundles in force. */
  readonly models: () => readonly string[];
  readonly log: Logger;
}

/** `{edge}/set/{setting}` in, `{edge}/state/{setting}` out: after every wish, and of all settings on every connection. */
export class SettingsTopic {
  readonly #options: SettingsTopicOptions;

  constructor(options: SettingsTopicOptions) {
    this.#options = options;
    const { session } = options;
    const { topics, site, node } = session;
    session.subscribe(topics.set, { site, edge: node }, ({ params: { setting }, value, retained }) => {
      void this.#change(setting, value, retained);
    });
    session.onConnected((connected) => {
      if (connected) for (const setting of settingNames) this.#publish(setting);
    });
  }

  async #change(name: string, value: unknown, retained: boolean): Promise<void> {
    const { settings, session, models, log } = this.#options;
    const setting = settingNames.find((known) => known === name);
    if (setting === undefined) {
      log.warn({ setting: name }, `unknown setting; known are ${settingNames.join(", ")}`);
      return;
    }
    if (retained && isRequest(setting)) {
      log.warn(
        { setting },
        "a retained request is not taken, it comes again with every connection: clear it",
      );
      return;
    }
    try {
      const applied = await settings.set(setting, value);
      const { value: inForce, error } = settings.state(setting);
      if (applied) log.info({ setting, value: inForce }, "setting changed");
      else log.warn({ setting, error }, "setting refused");
    } catch (error) {
      log.error({ err: error, setting }, "the setting holds until the next start: it was not saved");
    }
    this.#publish(setting);
    if (setting !== "model") return;
    session.setModels(models());
    // A threshold may be its bundle's own.
    this.#publish("threshold");
    this.#publish("threshold-window");
    this.#publish("train");
    this.#publish("hard-classes");
  }

  /** Publishes the states that learning changes. */
  learningChanged(): void {
    const { session, models } = this.#options;
    session.setModels(models());
    for (const setting of ["train", "hard-classes", "model"] as const) this.#publish(setting);
  }

  #publish(setting: Setting): void {
    const { session, settings, log } = this.#options;
    const { topics, site, node } = session;
    session
      .publish(topics.state, { site, edge: node, setting }, settings.state(setting))
      .catch((error: unknown) =>
        log.warn({ err: error, setting }, "the state of a setting was not published"),
      );
  }
}
