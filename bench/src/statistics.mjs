/** The value below which that share (0 to 1) of the values lies, interpolated. */
export function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const low = Math.floor(at);
  return sorted[low] + ((sorted[low + 1] ?? sorted[low]) - sorted[low]) * (at - low);
}

export function median(values) {
  return quantile(values, 0.5);
}

/** Interquartile range by median. */
export function spread(values) {
  return (quantile(values, 0.75) - quantile(values, 0.25)) / median(values);
}

/** Numbers from 0 (inclusive) to 1 (exclusive), the same for the same seed. mulberry32, by Tommy Ettinger (public domain). */
export function randomOf(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Draws 0 … n-1, the k-th with a probability in proportion to 1/(k+1) (Zipf's law, exponent 1). */
export function zipf(n, random) {
  const sums = new Float64Array(n);
  for (let k = 0, sum = 0; k < n; k++) sums[k] = sum += 1 / (k + 1);
  return () => {
    const wanted = random() * sums[n - 1];
    let low = 0;
    let high = n - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sums[middle] < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}
