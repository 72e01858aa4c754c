// The console: asks the API, shows what it says.

import { call, key } from './api.js';
import { follow, leases, refused, samples, percentile } from './feed.js';
import { renderHeatmap, renderPercentiles } from './latency.js';
import { renderLeases } from './lease.js';
import { bytes, element, fill, micros } from './tables.js';
import * as sandbox from './terminal.js';

const POLL_MILLIS = 2_000;
const DRAW_MILLIS = 250;
const $ = (id) => document.getElementById(id);
let status = {};
let dirty = true;

function state(text, up) {
  if ($('state').textContent !== text) {
    $('state').textContent = text;
  }
  $('state').classList.toggle('up', up);
}

function signIn(why) {
  $('sign-in-why').textContent = why;
  if (!$('sign-in').open) {
    $('sign-in').showModal();
  }
}

/** Whether the problem is for its reader to solve: then the key is asked for. */
function refusedUs(e) {
  if (e.status === 401 || e.status === 403) {
    signIn(key.get() ? `${e.code}: ${e.message}` : 'This service asks for an API key.');
    state('signed out', false);
    return true;
  }
  state('not reachable, trying again', false);
  return false;
}

function tiles() {
  const sorted = samples.map((s) => s.micros).sort((a, b) => a - b);
  const held = [...leases.values()].filter((l) => !l.ended).length;
  const values = {
    'leases held': status.leases ?? held,
    waiting: status.waiting ?? '–',
    'half of the leases took': micros(percentile(sorted, 0.5)),
    '99 in 100 took at most': micros(percentile(sorted, 0.99)),
    'refused, as seen here': refused,
    up: status.uptimeSeconds === undefined ? '–' : `${Math.floor(status.uptimeSeconds / 60)} min`,
  };
  const list = $('tiles');
  Object.entries(values).forEach(([name, value], i) => {
    const tile = list.children[i] ?? list.appendChild(element('div', {}, element('dt', { textContent: name }), element('dd')));
    if (tile.lastChild.textContent !== String(value)) {
      tile.lastChild.textContent = value;
    }
  });
}

function draw() {
  if (dirty && !document.hidden) {
    dirty = false;
    tiles();
    renderPercentiles($('percentiles'));
    renderHeatmap($('heatmap'));
    renderLeases($('lease-rows'), $('waterfall'));
  }
}

const of = (is, wanted) => ({ n: `${is ?? 0} of ${wanted ?? 0}` });

function showPools({ pools }) {
  fill($('pool-rows'), pools, (p) => p.template, (p) => [
    p.template,
    of(p.there.parked, p.wanted.parked),
    of(p.there.shells, p.wanted.shells),
    { n: micros(p.there.makeMicros) },
    Object.entries(p.served).map(([how, count]) => `${how} ${count}`).join(', ') || '–',
    p.there.lastError ? { text: p.there.lastError, style: 'text bad' } : { text: p.wanted.reasons.join('; '), style: 'text' },
  ], 'no pool is set; each template has the default');
}

function showTemplates({ templates, building }) {
  const rows = [...templates, ...building.map((name) => ({ name: `${name} `, building: true }))];
  fill($('template-rows'), rows, (t) => t.name, (t) => [
    t.name,
    t.building ? 'is being built' : { text: t.snapshotId, style: 'id' },
    { n: bytes(t.snapshotBytes) },
    { n: t.recipe?.memoryMib ? `${t.recipe.memoryMib} MiB` : '–' },
    t.createdAt ? new Date(t.createdAt).toLocaleDateString() : '–',
  ], 'no template; build one: rekindle template build base');
  sandbox.offer(templates);
}

function showHosts() {
  fill($('host-rows'), status.hosts, (h) => h.name, (h) => [
    { text: h.name, style: 'id' },
    { text: h.state, style: h.state === 'ready' ? 'good' : '' },
    { n: `${h.sandboxes} of ${h.capacity}` },
    { n: h.restarts },
    { n: h.parked ?? '–' },
    { n: h.shells ?? '–' },
    { n: bytes(h.pssBytes) },
    { n: h.threads ?? '–' },
    { n: h.fds ?? '–' },
  ], 'no host process');
}

async function poll() {
  for (;;) {
    if (!document.hidden) {
      try {
        status = await call('GET', '/v1/status');
        showHosts();
        showPools(await call('GET', '/v1/pools'));
        showTemplates(await call('GET', '/v1/templates'));
        state(status.status, status.status === 'ready');
        dirty = true;
      } catch (e) {
        if (refusedUs(e)) {
          return;
        }
      }
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MILLIS));
  }
}

function start() {
  $('sign-out').hidden = !key.get();
  poll();
  follow(() => (dirty = true), refusedUs);
}

$('sign-in-form').addEventListener('submit', (event) => {
  event.preventDefault();
  key.set($('key').value.trim());
  $('key').value = '';
  $('sign-in').close();
  start();
});
$('sign-in').addEventListener('cancel', (event) => event.preventDefault());
$('sign-out').addEventListener('click', () => {
  key.set('');
  location.reload();
});
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => (dirty = true));
window.addEventListener('resize', () => (dirty = true));
setInterval(() => (dirty = true), 1_000);
setInterval(draw, DRAW_MILLIS);
sandbox.setUp();
start();
