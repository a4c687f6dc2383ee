// The step size of annealed Langevin dynamics by the balance of its variance (NCSNv2's technique 4).

/** What fixes the balance besides the step size: the last level, the ladder's ratio, and the steps per level. */
interface BalanceSetting {
  readonly sigmaMin: number;
  readonly gamma: number;
  readonly stepsPerLevel: number;
}

/**
 * s_T^2 / sigma_i^2: the variance that `stepsPerLevel` steps leave, starting from the level above, over the level's own
 * (Song & Ermon 2020, Proposition 3, for one data point). `stepSize` is eps at the last level; 1 would be perfect.
 */
export function balance(stepSize: number, { sigmaMin, gamma, stepsPerLevel }: BalanceSetting): number {
  const e = stepSize / sigmaMin ** 2;
  const remaining = (1 - e) ** (2 * stepsPerLevel);
  // 2 eps / (sigma_L^2 - sigma_L^2 (1 - eps/sigma_L^2)^2), simplified.
  const stationary = 1 / (1 - e / 2);
  return remaining * (gamma ** 2 - stationary) + stationary;
}

/**
 * The step size whose balance is nearest to 1. The balance mixes gamma^2 > 1 and a stationary value > 1, so it stays
 * above 1 and its minimum is the answer; a relative step above 1 only overshoots. Throws when gamma <= 1.
 */
export function balancedStep(setting: BalanceSetting): number {
  if (!(setting.gamma > 1 && setting.stepsPerLevel >= 1 && setting.sigmaMin > 0))
    throw new Error(
      `balancedStep: expected gamma > 1, stepsPerLevel >= 1 and sigmaMin > 0, got ${JSON.stringify(setting)}`,
    );
  const scale = setting.sigmaMin ** 2;
  const at = (logRelative: number): number => balance(scale * Math.exp(logRelative), setting);
  return scale * Math.exp(goldenSection(at, Math.log(1e-7), 0));
}

// The minimum of a function with one valley; 60 sections shrink the bracket by 3e-13.
function goldenSection(f: (x: number) => number, from: number, to: number): number {
  const golden = (Math.sqrt(5) - 1) / 2;
  let [low, high] = [from, to];
  for (let i = 0; i < 60; i++) {
    const width = golden * (high - low);
    if (f(high - width) < f(low + width)) high = low + width;
    else low = high - width;
  }
  return (low + high) / 2;
}
