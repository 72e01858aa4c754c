// What the page knows of leases, from /v1/events. Bounded, whatever happens.

import { batches, Problem } from './api.js';

const RECENT = 300;
const SAMPLES = 20_000;
export const WINDOW_MILLIS = 300_000;
const MAX_DELAY_MILLIS = 10_000;

export const leases = new Map(); // by id, oldest first; those that ended among them
export const samples = []; // {at, micros, served}, oldest first
export let refused = 0;

function trim() {
  const from = Date.now() - WINDOW_MILLIS;
  let old = Math.max(0, samples.length - SAMPLES);
  while (old < samples.length && samples[old].at < from) {
    old++;
  }
  samples.splice(0, old);
  for (const [id, lease] of leases) {
    if (leases.size <= RECENT) {
      break;
    }
    if (lease.ended) {
      leases.delete(id);
    } else {
      // One that is held for long: it stays, as the newest of the old.
      break;
    }
  }
  for (const id of leases.keys()) {
    if (leases.size <= 2 * RECENT) {
      break;
    }
    leases.delete(id);
  }
}

function take(event) {
  if (event.given) {
    const lease = event.given;
    leases.set(lease.id, { ...lease, at: Date.parse(event.at) });
    samples.push({ at: Date.parse(event.at), micros: lease.stagesMicros.total, served: lease.served });
  } else if (event.ended) {
    const lease = leases.get(event.ended.id);
    if (lease) {
      lease.ended = event.ended;
    }
  } else if (event.refused) {
    refused++;
  } else if (event.error) {
    throw new Problem(event.error.status, event.error);
  }
}

function reset() {
  leases.clear();
  samples.length = 0;
  refused = 0;
}

/** Follows the stream for good; tells of changes, and of what ends it. */
export async function follow(onChange, onProblem) {
  for (let delay = 500; ; delay = Math.min(MAX_DELAY_MILLIS, delay * 2)) {
    try {
      reset();
      for await (const batch of batches('/v1/events')) {
        batch.forEach(take);
        trim();
        onChange();
        delay = 500;
      }
    } catch (e) {
      if (onProblem(e)) {
        return;
      }
    }
    await new Promise((resolve) => setTimeout(resolve, delay));
  }
}

export function percentile(sorted, part) {
  return sorted.length === 0 ? undefined : sorted[Math.ceil(part * sorted.length) - 1];
}
