/** What we use of asciichart 1.5, which has no types of its own. */
declare module "asciichart" {
  interface PlotConfig {
    readonly min?: number;
    readonly max?: number;
    /** Rows of characters. */
    readonly height?: number;
    /** Columns left of the plot, for the labels of the axis. */
    readonly offset?: number;
    readonly colors?: readonly (string | undefined)[];
    readonly format?: (value: number) => string;
  }
  const asciichart: {
    plot(series: readonly (readonly number[])[], config?: PlotConfig): string;
  };
  export default asciichart;
}
