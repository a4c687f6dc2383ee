// Seeded counter-based random numbers: independent streams named by (seed, purpose, index), the same in every JavaScript engine.

/**
 * One stream of random numbers. A fill and as many single calls give the same numbers.
 * Only +, *, / and square roots of doubles are used, so the numbers are equal to the bit in any engine.
 */
export interface RandomStream {
  /** Uniform on 0..2^32-1. */
  uint32(): number;
  /** Uniform on [0, 1), a multiple of 2^-24, so that float32 holds it exactly. */
  uniform(): number;
  /** Standard normal, |z| < 6.8. */
  normal(): number;
  /** Uniform on 0..n-1 with a bias below n / 2^32; throws when n is not in 1..2^32. */
  integer(n: number): number;
  /** Writes standard normals to out[start..end). */
  fillNormal(out: Float32Array, start?: number, end?: number): void;
  /** Writes uniforms on [0, 1) to out[start..end). */
  fillUniform(out: Float32Array, start?: number, end?: number): void;
}

/**
 * The stream number `index` of `purpose` under `seed`: what one sample draws does not depend on its batch-mates.
 * Throws when seed is not a safe integer >= 0 or index not in 0..2^32-1. A stream holds 2^33 words.
 */
export function stream(seed: number, purpose: string, index = 0): RandomStream {
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new Error(`stream: expected seed to be an integer in 0..2^53-1, got ${seed}`);
  if (!(index >>> 0 === index))
    throw new Error(`stream: expected index to be an integer in 0..2^32-1, got ${index}`);
  const key = threefry2x32([seed >>> 0, Math.floor(seed / TWO_32)], [fnv1a(purpose), purpose.length]);
  return new ThreefryStream(key[0], key[1], index);
}

/** The integers 0..n-1 in a random order that (seed, purpose, index) names: one epoch per index (Fisher-Yates). */
export function permutation(seed: number, purpose: string, n: number, index = 0): number[] {
  const random = stream(seed, purpose, index);
  const order = Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    const kept = order[i]!;
    order[i] = order[j]!;
    order[j] = kept;
  }
  return order;
}

type Words = readonly [number, number];

/** Threefry-2x32 with 20 rounds, the block cipher under every stream (Salmon et al. 2011, section 4.2). */
export function threefry2x32(key: Words, counter: Words): [number, number] {
  const out = new Int32Array(2);
  encrypt(key[0] | 0, key[1] | 0, counter[0] | 0, counter[1] | 0, out);
  return [out[0]! >>> 0, out[1]! >>> 0];
}

const TWO_32 = 0x100000000;
const PARITY = 0x1bd11bda;

const rotate = (x: number, bits: number): number => (x << bits) | (x >>> (32 - bits));

// Five groups of four rounds, a key word added after each group; the rotation constants alternate between two sets.
function encrypt(k0: number, k1: number, c0: number, c1: number, out: Int32Array): void {
  let a = k1;
  let b = k0 ^ k1 ^ PARITY;
  let c = k0;
  let x = (c0 + k0) | 0;
  let y = (c1 + k1) | 0;
  for (let group = 1; group <= 5; group++) {
    const odd = (group & 1) === 1;
    x = (x + y) | 0;
    y = rotate(y, odd ? 13 : 17) ^ x;
    x = (x + y) | 0;
    y = rotate(y, odd ? 15 : 29) ^ x;
    x = (x + y) | 0;
    y = rotate(y, odd ? 26 : 16) ^ x;
    x = (x + y) | 0;
    y = rotate(y, odd ? 6 : 24) ^ x;
    x = (x + a) | 0;
    y = (y + b + group) | 0;
    const first = a;
    a = b;
    b = c;
    c = first;
  }
  out[0] = x;
  out[1] = y;
}

// FNV-1a over UTF-16 code units.
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

class ThreefryStream implements RandomStream {
  private readonly words = new Int32Array(2);
  private readonly pair = new Float64Array(2);
  private readonly k0: number;
  private readonly k1: number;
  private readonly index: number;
  private block = 0;
  private spareWord = false;
  private pendingWord = 0;
  private spareNormal = false;

  constructor(k0: number, k1: number, index: number) {
    this.k0 = k0 | 0;
    this.k1 = k1 | 0;
    this.index = index | 0;
  }

  uint32(): number {
    const { words } = this;
    this.spareWord = !this.spareWord;
    if (!this.spareWord) return this.pendingWord;
    encrypt(this.k0, this.k1, this.index, this.block++, words);
    this.pendingWord = words[1]! >>> 0;
    return words[0]! >>> 0;
  }

  uniform(): number {
    return (this.uint32() >>> 8) / 0x1000000;
  }

  integer(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > TWO_32)
      throw new Error(`integer: expected n to be an integer in 1..2^32, got ${n}`);
    return Math.floor((this.uint32() / TWO_32) * n);
  }

  normal(): number {
    this.spareNormal = !this.spareNormal;
    if (!this.spareNormal) return this.pair[1]!;
    this.drawPair();
    return this.pair[0]!;
  }

  fillNormal(out: Float32Array, start = 0, end = out.length): void {
    let i = start;
    if (this.spareNormal && i < end) out[i++] = this.normal();
    for (; i + 1 < end; i += 2) {
      this.drawPair();
      out[i] = this.pair[0]!;
      out[i + 1] = this.pair[1]!;
    }
    if (i < end) out[i] = this.normal();
  }

  fillUniform(out: Float32Array, start = 0, end = out.length): void {
    for (let i = start; i < end; i++) out[i] = this.uniform();
  }

  // A pair of normals takes a block of its own, whatever words were drawn before.
  private drawPair(): void {
    encrypt(this.k0, this.k1, this.index, this.block++, this.words);
    boxMuller(this.words[0]! >>> 0, this.words[1]!, this.pair);
  }
}

/**
 * Two words to two standard normals: radius sqrt(-2 ln u) from the first, angle from the second (Box & Muller 1958).
 * Logarithm, sine and cosine are written out here because engines differ in the last bit of theirs.
 */
function boxMuller(radiusWord: number, angleWord: number, out: Float64Array): void {
  const radius = Math.sqrt(-2 * logOfUnit(radiusWord));
  // The two top bits choose the quarter turn, the rest an angle within an eighth of a turn around it.
  const angle = ((angleWord & 0x3fffffff) - 0x20000000) * RADIANS_PER_WORD;
  const q = angle * angle;
  const sine = radius * angle * sineOverAngle(q);
  const cosine = radius * cosineOf(q);
  const quarter = angleWord >>> 30;
  const across = (quarter & 1) === 1;
  const sign = quarter < 2 ? 1 : -1;
  out[0] = across ? -sign * sine : sign * cosine;
  out[1] = across ? sign * cosine : sign * sine;
}

const RADIANS_PER_WORD = (2 * Math.PI) / TWO_32;

// Taylor series for |angle| <= pi/4 in q = angle^2, and of atanh(s) / s for |s| < .172 in q = s^2: errors below 1e-13.
const sineOverAngle = (q: number): number =>
  1 +
  q *
    (-1 / 6 +
      q * (1 / 120 + q * (-1 / 5040 + q * (1 / 362880 + q * (-1 / 39916800 + q * (1 / 6227020800))))));
const cosineOf = (q: number): number =>
  1 +
  q *
    (-1 / 2 +
      q *
        (1 / 24 +
          q *
            (-1 / 720 + q * (1 / 40320 + q * (-1 / 3628800 + q * (1 / 479001600 - q * (1 / 87178291200)))))));
const atanhOverS = (q: number): number =>
  1 +
  q *
    (1 / 3 +
      q * (1 / 5 + q * (1 / 7 + q * (1 / 9 + q * (1 / 11 + q * (1 / 13 + q * (1 / 15 + q * (1 / 17))))))));

// ln u of u = (word + 1/2) / 2^32 = m 2^e with m in [sqrt(1/2), sqrt(2)), where ln m = 2 atanh((m - 1) / (m + 1)).
function logOfUnit(word: number): number {
  const zeros = Math.clz32(word);
  const top = (word + 0.5) * NORMALISE[zeros]!;
  const low = top < Math.SQRT1_2;
  const m = low ? 2 * top : top;
  const s = (m - 1) / (m + 1);
  return (low ? -zeros - 1 : -zeros) * Math.LN2 + 2 * s * atanhOverS(s * s);
}

// 2^(zeros - 32) brings a word with so many leading zeros to [1/2, 1].
const NORMALISE = Float64Array.from(
  { length: 33 },
  (_, zeros) => (zeros < 32 ? (1 << zeros) >>> 0 : TWO_32) / TWO_32,
);
