/** Time that a simulation moves: events in their order, a clock, and numbers that are the same in each run. */

/** When every simulation begins, in milliseconds since 1970. */
export const BEGIN = Date.UTC(2026, 0, 1);

interface Event {
  time: number;
  run: () => void;
}

/** Milliseconds from the beginning of the simulation. Within `simulate`, `Date.now` and `Math.random` are its own. */
export class VirtualTime {
  now = 0;
  readonly random = numbers(42);
  /** A heap: each event is no later than those at twice its place. */
  readonly #events: Event[] = [];
  #isSettled = false;

  /** Runs `run` in `ms` milliseconds. */
  in(ms: number, run: () => void): void {
    const events = this.#events;
    const event = { time: this.now + ms, run };
    let place = events.length;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const other = events[above] as Event;
      if (other.time <= event.time) break;
      events[place] = other;
      place = above;
    }
    events[place] = event;
  }

  /** Resolves in `ms` milliseconds. */
  after(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.in(ms, resolve);
    });
  }

  /** Said by an event that leaves no promise behind: it spares the wait for them. */
  leavesNothing(): void {
    this.#isSettled = true;
  }

  async simulate(end: number): Promise<void> {
    const { now } = Date;
    const { random } = Math;
    const { error } = console;
    const { stackTraceLimit } = Error;
    Date.now = () => BEGIN + this.now;
    Math.random = this.random;
    console.error = () => {};
    Error.stackTraceLimit = 0;
    try {
      for (let event = this.#next(); event && event.time < end; event = this.#next()) {
        this.now = event.time;
        event.run();
        if (!this.#isSettled) await settle();
        this.#isSettled = false;
      }
    } finally {
      Date.now = now;
      Math.random = random;
      console.error = error;
      Error.stackTraceLimit = stackTraceLimit;
    }
  }

  #next(): Event | undefined {
    const events = this.#events;
    const first = events[0];
    const last = events.pop();
    if (!first || !last || events.length === 0) return first;
    let place = 0;
    for (;;) {
      let below = 2 * place + 1;
      if (below >= events.length) break;
      const [left, right] = [events[below] as Event, events[below + 1]];
      if (right && right.time < left.time) below++;
      const other = events[below] as Event;
      if (last.time <= other.time) break;
      events[place] = other;
      place = below;
    }
    events[place] = last;
    return first;
  }
}

/** Lets promises that are ready run their course: no chain here has more links. */
async function settle(): Promise<void> {
  for (let link = 0; link < 16; link++) await Promise.resolve();
}

/** Mulberry32. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
