// How wrong a learned score is.

/** E‖s - s*‖² / E‖s*‖² over the points at which both are given; 0 is perfect, a score of zero gives 1 (Song et al. 2019, section 6). */
export function relativeScoreError(learned: ArrayLike<number>, truth: ArrayLike<number>): number {
  let [wrong, all] = [0, 0];
  for (let i = 0; i < truth.length; i++) {
    wrong += (learned[i]! - truth[i]!) ** 2;
    all += truth[i]! ** 2;
  }
  return wrong / all;
}
