// Percentiles and the heatmap of the time to a lease.

import { samples, percentile, WINDOW_MILLIS } from './feed.js';
import { fill, micros } from './tables.js';

const COLUMN_MILLIS = 5_000;
const COLUMNS = WINDOW_MILLIS / COLUMN_MILLIS;
const LEAST_DECADE = 1; // 10 µs
const DECADES = 6; // to 10 s
const ROWS_PER_DECADE = 5;
const ROWS = DECADES * ROWS_PER_DECADE;
const LEFT = 52;
const BOTTOM = 18;

export function renderPercentiles(body) {
  const groups = new Map([['all', []]]);
  for (const { micros: value, served } of samples) {
    groups.get('all').push(value);
    groups.set(served, groups.get(served) ?? []).get(served).push(value);
  }
  const rows = [...groups].filter(([, values]) => values.length > 0);
  fill(body, rows, ([served]) => served, ([served, values]) => {
    values.sort((a, b) => a - b);
    return [
      served,
      { n: values.length },
      { n: micros(percentile(values, 0.5)) },
      { n: micros(percentile(values, 0.9)) },
      { n: micros(percentile(values, 0.99)) },
      { n: micros(values.at(-1)) },
    ];
  });
}

function row(value) {
  const place = (Math.log10(Math.max(1, value)) - LEAST_DECADE) * ROWS_PER_DECADE;
  return Math.min(ROWS - 1, Math.max(0, Math.floor(place)));
}

function counts(now) {
  const cells = new Map();
  for (const { at, micros: value } of samples) {
    const column = COLUMNS - 1 - Math.floor((now - at) / COLUMN_MILLIS);
    if (column >= 0 && column < COLUMNS) {
      const cell = column * ROWS + row(value);
      cells.set(cell, (cells.get(cell) ?? 0) + 1);
    }
  }
  return cells;
}

export function renderHeatmap(canvas) {
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  const scale = window.devicePixelRatio || 1;
  canvas.width = width * scale;
  canvas.height = height * scale;
  const style = getComputedStyle(document.documentElement);
  const heat = style.getPropertyValue('--heat');
  const draw = canvas.getContext('2d');
  draw.scale(scale, scale);
  const cellWidth = (width - LEFT) / COLUMNS;
  const cellHeight = (height - BOTTOM) / ROWS;
  draw.font = '11px system-ui, sans-serif';
  draw.textBaseline = 'middle';
  for (let decade = 0; decade <= DECADES; decade++) {
    const y = Math.round((height - BOTTOM) * (1 - decade / DECADES)) + 0.5;
    draw.fillStyle = style.getPropertyValue('--line');
    draw.fillRect(LEFT, y, width - LEFT, 1);
    draw.fillStyle = style.getPropertyValue('--quiet');
    draw.textAlign = 'right';
    draw.fillText(micros(10 ** (LEAST_DECADE + decade)), LEFT - 6, Math.min(height - BOTTOM - 4, Math.max(7, y)));
  }
  const cells = counts(Date.now());
  const most = Math.log1p(Math.max(1, ...cells.values()));
  for (const [cell, count] of cells) {
    const x = LEFT + Math.floor(cell / ROWS) * cellWidth;
    const y = height - BOTTOM - ((cell % ROWS) + 1) * cellHeight;
    draw.fillStyle = `rgb(${heat} / ${0.25 + (0.75 * Math.log1p(count)) / most})`;
    draw.fillRect(x, y, Math.max(1, cellWidth - 0.5), Math.max(1, cellHeight - 0.5));
  }
  draw.fillStyle = style.getPropertyValue('--quiet');
  ['5 min ago', '', '', '', '', 'now'].forEach((text, i, all) => {
    draw.textAlign = i === 0 ? 'left' : 'right';
    draw.fillText(text, LEFT + ((width - LEFT) * i) / (all.length - 1), height - 7);
  });
  const sorted = samples.map((s) => s.micros).sort((a, b) => a - b);
  canvas.setAttribute(
    'aria-label',
    sorted.length === 0
      ? 'Heatmap: no lease in the last five minutes'
      : `Heatmap of ${sorted.length} leases in the last five minutes; half took at most ` +
          `${micros(percentile(sorted, 0.5))}, 99 in 100 at most ${micros(percentile(sorted, 0.99))}`,
  );
}
