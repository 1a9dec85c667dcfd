/** The figures of a row: medians and quartiles over its rounds. */

/**
 * The value below which the given share of the samples lies, interpolated between neighbours.
 * @param {number[]} samples
 * @param {number} share between 0 and 1
 */
export function quantile(samples, share) {
  const sorted = [...samples].sort((a, b) => a - b);
  const position = (sorted.length - 1) * share;
  const below = Math.floor(position);
  const above = Math.ceil(position);
  return sorted[below] + (sorted[above] - sorted[below]) * (position - below);
}

/** @param {number[]} samples */
export function median(samples) {
  return quantile(samples, 0.5);
}

/**
 * Median, quartiles and the distance between the quartiles.
 * @param {number[]} samples
 */
export function spread(samples) {
  const low = quantile(samples, 0.25);
  const high = quantile(samples, 0.75);
  return { median: median(samples), low, high, range: high - low };
}
