import type { Training } from "@meanet/protocol";

/** A step of the edge's learning, as the scenario saw it. */
export interface AdaptationEvent {
  readonly event: Training["event"];
  /** Since the stream began. */
  readonly atS: number;
  /** For people: what it says beside its name. */
  readonly text: string;
}

/** How the first training of the edge ended; `none` began, or came to its end, in time. `rolled-back`: accepted, but worse in service. */
export type AdaptationOutcome = "accepted" | "refused" | "failed" | "rolled-back" | "none";

/** Follows the first training of an edge, from the first item collected to the new bundle in force. */
export class Adaptation {
  readonly #events: AdaptationEvent[] = [];
  #outcome: AdaptationOutcome = "none";
  #settled = false;
  #reason: string | null = null;
  #startedS: number | undefined;
  #endedS: number | undefined;
  #energyJ = 0;
  #collected = { label: 0, cloud: 0 };
  #run: number | undefined;

  /** All but `collected`, and the first proposal of hard classes only: both come many times. */
  get events(): readonly AdaptationEvent[] {
    return this.#events;
  }

  /** The new bundle is in force, or will not come. */
  get settled(): boolean {
    return this.#settled;
  }

  /** A training has begun. */
  get began(): boolean {
    return this.#startedS !== undefined;
  }

  /** Items in the edge's store before the training began, by who told their class. */
  get collected(): { readonly label: number; readonly cloud: number } {
    return this.#collected;
  }

  get outcome(): AdaptationOutcome {
    return this.#outcome;
  }

  /** Why it was refused, failed or was rolled back. */
  get reason(): string | null {
    return this.#reason;
  }

  /** From the start of the training to its end, the swap included; 0 when none began or ended. */
  get seconds(): number {
    return this.#startedS === undefined || this.#endedS === undefined ? 0 : this.#endedS - this.#startedS;
  }

  /** Joules of training, trials included. */
  get energyJ(): number {
    return this.#energyJ;
  }

  /** @returns the event for people, undefined when it need not be shown */
  observe(event: Training, atS: number): AdaptationEvent | undefined {
    if (event.event === "collected" && !this.began) this.#collected = event.items;
    const again = event.event === "proposed" && this.#events.some((known) => known.event === "proposed");
    if (event.event === "collected" || again) return undefined;
    const noted = { event: event.event, atS, text: textOf(event) };
    this.#events.push(noted);
    if (event.event === "started") this.#run ??= event.run;
    // A later training may have begun; it is shown, but is not the one that is judged.
    if (event.run !== this.#run) return noted;
    this.#energyJ += event.energyJ;
    if (event.event === "started") this.#startedS = atS;
    if (event.event === "rolled-back") {
      this.#outcome = event.event;
      this.#reason = event.reason;
    }
    if (this.#settled) return noted;
    switch (event.event) {
      case "accepted":
        this.#outcome = "accepted";
        break;
      case "refused":
      case "failed":
        this.#outcome = event.event;
        this.#reason = event.reason;
        this.#end(atS);
        break;
      case "swapped":
        this.#end(atS);
        break;
    }
    return noted;
  }

  #end(atS: number): void {
    this.#endedS = atS;
    this.#settled = true;
  }
}

function textOf(event: Training): string {
  switch (event.event) {
    case "started": {
      const { items, stored = items } = event;
      const of = stored > items ? ` of ${stored}` : "";
      return `${items}${of} items, ${event.heldOut} of them held out, ${event.epochs} epochs`;
    }
    case "epoch":
      return `${event.epoch} of ${event.epochs}, loss ${event.loss.toFixed(3)}, held out ${share(event.accuracy)}, ${event.imagesPerS.toFixed(0)} frames/s`;
    case "accepted":
    case "refused": {
      const { heldOut, reference } = event.figures;
      const why = event.event === "refused" ? `${event.reason}; ` : "";
      const clean =
        reference === null ? "" : `, reference ${share(reference.current)} → ${share(reference.candidate)}`;
      return `${why}held out ${share(heldOut.current)} → ${share(heldOut.candidate)}${clean}`;
    }
    case "swapped":
      return `${event.before} → ${event.model}`;
    case "passed":
      return `trial over after ${event.disagreement.items} labelled frames`;
    case "rolled-back":
      return `${event.before} → ${event.model}: ${event.reason}`;
    case "failed":
      return event.reason;
    case "proposed":
    case "dismissed":
      return `hard classes ${event.hardClasses.join(", ")}`;
    case "agreed":
      return `by ${event.by}`;
    case "collected":
      return `${event.items.label} labelled, ${event.items.cloud} of the cloud`;
  }
}

function share(fraction: number | null): string {
  return fraction === null ? "–" : `${(100 * fraction).toFixed(1)} %`;
}
