// The unit in which scores are added to points: the noise's variance, or 1 where there is no noise.

/**
 * denoised = x + scoreUnit(sigma) score. Above 0 that is Tweedie's formula (Vincent 2011); at sigma 0, a model of the data's
 * own score, nothing is to be denoised and "denoised" stands for x + score.
 */
export const scoreUnit = (sigma: number): number => (sigma > 0 ? sigma ** 2 : 1);
