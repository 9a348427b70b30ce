/** Chance that falls the same on every machine (sfc32). */
export class Dice {
  #state;

  /** @param {string} name dice of different names fall independently of each other */
  constructor(name) {
    // FNV-1a, to begin somewhere else for each name.
    let hash = 0x811c9dc5;
    for (const byte of Buffer.from(name)) hash = Math.imul(hash ^ byte, 0x01000193);
    this.#state = [hash >>> 0, 0x9e3779b9, 0x243f6a88, 1];
    for (let i = 0; i < 15; i += 1) this.unit();
  }

  /** @returns {number} from 0 to below 1 */
  unit() {
    const [a, b, c, counter] = this.#state;
    const sum = (a + b + counter) >>> 0;
    this.#state = [b ^ (b >>> 9), (c + (c << 3)) >>> 0, (((c << 21) | (c >>> 11)) + sum) >>> 0, (counter + 1) >>> 0];
    return sum / 2 ** 32;
  }

  /** @returns {number} a whole number from `from` to `to`, both of them possible */
  whole(from, to) {
    return from + Math.floor(this.unit() * (to - from + 1));
  }

  chance(probability) {
    return this.unit() < probability;
  }

  pick(choices) {
    return choices[Math.floor(this.unit() * choices.length)];
  }

  shuffle(values) {
    const shuffled = [...values];
    for (let i = shuffled.length - 1; i > 0; i -= 1) {
      const j = this.whole(0, i);
      [shuffled[i], shuffled[j]] = [shuffled[j], shuffled[i]];
    }
    return shuffled;
  }
}

/** Picks places of a list by their weights, in logarithmic time. */
export class Weighted {
  #sums = [];

  /** @param {number[]} weights */
  constructor(weights) {
    let sum = 0;
    for (const weight of weights) this.#sums.push((sum += weight));
  }

  pick(dice) {
    const target = dice.unit() * this.#sums.at(-1);
    let [low, high] = [0, this.#sums.length - 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#sums[middle] > target) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
