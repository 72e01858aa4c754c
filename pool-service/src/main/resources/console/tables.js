// Rows of tables, changed in place so that focus and selection stay, and how numbers are written.

export function micros(value) {
  if (value === undefined || value === null) {
    return '–';
  }
  if (value < 1_000) {
    return `${Math.round(value)} µs`;
  }
  if (value < 1_000_000) {
    return `${(value / 1_000).toPrecision(value < 100_000 ? 3 : 4).replace(/\.0+$/, '')} ms`;
  }
  return `${(value / 1_000_000).toPrecision(3).replace(/\.0+$/, '')} s`;
}

export function bytes(value) {
  if (value === undefined || value === null) {
    return '–';
  }
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  for (; value >= 1_024 && unit < units.length - 1; unit++) {
    value /= 1_024;
  }
  return `${value >= 100 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

export function age(millis) {
  const seconds = Math.max(0, Math.floor(millis / 1_000));
  if (seconds < 100) {
    return `${seconds} s`;
  }
  return seconds < 6_000 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 3_600)} h`;
}

export function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function put(cell, value) {
  if (value instanceof Node) {
    if (cell.firstChild !== value) {
      cell.replaceChildren(value);
    }
    return;
  }
  const text = value?.n ?? value?.text ?? value ?? '';
  const style = value?.n !== undefined ? 'n' : (value?.style ?? '');
  if (cell.textContent !== String(text)) {
    cell.textContent = text;
  }
  if (cell.className !== style) {
    cell.className = style;
  }
}

/** Makes a table's body show the items, in order; a row is known by its item's key. */
export function fill(body, items, keyOf, cellsOf, none = 'none') {
  const known = new Map([...body.rows].map((row) => [row.dataset.key, row]));
  let at = null;
  for (const item of items) {
    const rowKey = String(keyOf(item));
    let row = known.get(rowKey);
    known.delete(rowKey);
    const cells = cellsOf(item, row);
    if (!row) {
      row = element('tr');
      row.dataset.key = rowKey;
      cells.forEach((_, i) => row.append(element(i === 0 ? 'th' : 'td')));
      row.firstChild.scope = 'row';
    }
    cells.forEach((value, i) => put(row.cells[i], value));
    const place = at ? at.nextSibling : body.firstChild;
    if (place !== row) {
      body.insertBefore(row, place);
    }
    at = row;
  }
  known.forEach((row) => row.remove());
  if (items.length === 0) {
    const columns = body.parentElement.tHead.rows[0].cells.length;
    body.append(element('tr', {}, element('td', { colSpan: columns, className: 'empty', textContent: none })));
  }
}
