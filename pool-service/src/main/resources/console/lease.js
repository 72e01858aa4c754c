// The list of leases and the stages of the one that was chosen.

import { leases } from './feed.js';
import { age, element, fill, micros } from './tables.js';

const SHOWN = 100;
let chosen;

function chooser(lease, choose) {
  const button = element('button', { type: 'button', className: 'link', textContent: lease.id });
  button.addEventListener('click', () => choose(lease.id));
  return button;
}

function state(lease, now) {
  if (!lease.ended) {
    return { text: `until ${new Date(lease.expiresAt).toLocaleTimeString()}`, style: 'good' };
  }
  return { text: lease.ended.reason, style: lease.ended.reason === 'lost' ? 'bad' : '' };
}

export function renderLeases(body, waterfall) {
  const now = Date.now();
  const newest = [...leases.values()].reverse().slice(0, SHOWN);
  const choose = (id) => {
    chosen = id;
    renderLeases(body, waterfall);
  };
  fill(
    body,
    newest,
    (lease) => lease.id,
    (lease, row) => [
      row ? row.cells[0].firstChild : chooser(lease, choose),
      lease.template,
      lease.served,
      { n: micros(lease.stagesMicros.total) },
      { n: age(lease.ended ? lease.ended.heldMillis : now - lease.at) },
      state(lease, now),
    ],
    'no lease yet',
  );
  const shown = leases.get(chosen) ?? newest[0];
  for (const row of body.rows) {
    const current = shown !== undefined && row.dataset.key === shown.id;
    row.classList.toggle('chosen', current);
    row.cells[0].firstChild?.setAttribute?.('aria-pressed', current);
  }
  renderStages(waterfall, shown);
}

/** Each stage where it began and as long as it took; what no stage accounts for last. */
function renderStages(waterfall, lease) {
  const shown = lease ? lease.id : '';
  if (waterfall.dataset.lease === shown && waterfall.firstChild) {
    return;
  }
  waterfall.dataset.lease = shown;
  if (!lease) {
    waterfall.replaceChildren(element('p', { className: 'empty', textContent: 'no lease yet' }));
    return;
  }
  const { total, ...stages } = lease.stagesMicros;
  const rows = [];
  let from = 0;
  for (const [name, took] of Object.entries(stages)) {
    rows.push(bar(name, from, took, total));
    from += took;
  }
  if (total - from > 0) {
    rows.push(bar('between', from, total - from, total));
  }
  const line = `${lease.id} · ${lease.template} · served ${lease.served}`;
  waterfall.replaceChildren(
    element('p', { className: 'quiet id', textContent: line }),
    bar('total', 0, total, total),
    ...rows,
  );
}

function bar(name, from, took, total) {
  const fillOf = element('i');
  const whole = Math.max(1, total);
  fillOf.style.left = `${Math.min(99.5, (100 * from) / whole)}%`;
  fillOf.style.width = `${Math.max(0, Math.min(100, (100 * took) / whole))}%`;
  const row = element(
    'div',
    { className: name === 'total' ? 'stage total' : 'stage' },
    element('b', { textContent: name }),
    element('span', { className: 'track' }, fillOf),
    element('span', { className: 'n', textContent: micros(took) }),
  );
  return row;
}
