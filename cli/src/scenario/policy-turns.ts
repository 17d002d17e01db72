/** Who answers in a turn: the edge alone, or the cloud too, by MEANet's rule. */
export const turnPolicies = ["edge-only", "meanet"] as const;
export type TurnPolicy = (typeof turnPolicies)[number];

export interface PolicyTurnsOptions {
  /** Resolves when the edge has put it in force. */
  readonly set: (policy: TurnPolicy) => Promise<void>;
  /** Answers of a turn. */
  readonly frames: number;
}

/**
 * Lets two policies take turns, so that one stream shows both: what the edge would answer alone, and what is answered with the
 * cloud.
 *
 * A frame belongs to a turn when it was published and answered within it; those on the border belong to none.
 */
export class PolicyTurns {
  readonly #options: PolicyTurnsOptions;
  #policy: TurnPolicy = turnPolicies[0];
  /** Grows with every change that begins and ends: even while a policy holds. */
  #turn = 0;
  #answers = 0;
  #changing: Promise<void> | undefined;

  constructor(options: PolicyTurnsOptions) {
    this.#options = options;
  }

  /** Puts the first policy in force. */
  async begin(): Promise<void> {
    await this.#options.set(this.#policy);
  }

  /** To be noted when a frame is published. */
  get turn(): number {
    return this.#turn;
  }

  /** Counts an answer, and begins the next turn in time. @returns the policy that the frame was answered under, if one */
  answered(publishedIn: number): TurnPolicy | undefined {
    const holds = this.#changing === undefined && publishedIn === this.#turn;
    const policy = holds ? this.#policy : undefined;
    this.#answers += 1;
    if (this.#answers >= this.#options.frames && this.#changing === undefined) this.#change();
    return policy;
  }

  /** Resolves when no change is under way. @throws what `set` rejected with */
  async end(): Promise<void> {
    await this.#changing;
  }

  #change(): void {
    const next = turnPolicies.find((policy) => policy !== this.#policy)!;
    this.#turn += 1;
    this.#answers = 0;
    const changing = this.#options.set(next).then(() => {
      this.#policy = next;
      this.#turn += 1;
      this.#answers = 0;
      this.#changing = undefined;
    });
    // A rejection stays until `end`.
    changing.catch(() => undefined);
    this.#changing = changing;
  }
}
