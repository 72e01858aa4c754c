// A sandbox of one's own: leased here, a command on its terminal, released.

import { call, terminalSocket } from './api.js';

const $ = (id) => document.getElementById(id);
const TOKEN = 'Rekindle-Lease-Token';
let lease;
let socket;
let terminal;
let library;

function say(text) {
  $('sandbox-state').textContent = text;
}

/** xterm.js, when it is first wanted. */
function load() {
  library ??= new Promise((resolve, reject) => {
    const sheet = Object.assign(document.createElement('link'), { rel: 'stylesheet', href: '/console/xterm.css' });
    const script = Object.assign(document.createElement('script'), { src: '/console/xterm.js' });
    script.onload = () => resolve(window.Terminal);
    script.onerror = () => reject(new Error('xterm.js did not load'));
    document.head.append(sheet, script);
  });
  return library;
}

/** As many characters as there is room for. */
function size() {
  const screen = document.querySelector('#screen .xterm-screen');
  const box = $('screen');
  const style = getComputedStyle(box);
  const width = box.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight) - 14;
  const height = box.clientHeight - parseFloat(style.paddingTop) - parseFloat(style.paddingBottom);
  const columns = Math.floor(width / (screen.clientWidth / terminal.cols));
  const rows = Math.floor(height / (screen.clientHeight / terminal.rows));
  return { rows: clamp(rows), columns: clamp(columns) };
}

function clamp(count) {
  return Number.isFinite(count) ? Math.min(1_000, Math.max(2, count)) : 24;
}

function fit() {
  if (terminal && !$('screen').hidden) {
    const { rows, columns } = size();
    if (rows !== terminal.rows || columns !== terminal.cols) {
      terminal.resize(columns, rows);
    }
  }
}

async function screen() {
  const Terminal = await load();
  $('screen').hidden = false;
  if (!terminal) {
    terminal = new Terminal({ fontSize: 13, scrollback: 5_000, screenReaderMode: true, theme: { background: '#111111' } });
    terminal.open($('screen'));
    terminal.onData((text) => send(new TextEncoder().encode(text)));
    terminal.onBinary((text) => send(Uint8Array.from(text, (c) => c.charCodeAt(0))));
    terminal.onResize(({ rows, cols }) => send(JSON.stringify({ resize: { rows, columns: cols } })));
    new ResizeObserver(fit).observe($('screen'));
  }
  terminal.reset();
  // Out of sight xterm.js draws nothing.
  $('screen').scrollIntoView({ block: 'nearest' });
  fit();
}

function send(message) {
  if (socket?.readyState === WebSocket.OPEN) {
    socket.send(message);
  }
}

/** Words, and quotes around those with spaces; what a shell would make of more is for the shell. */
function words(text) {
  return [...text.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map((m) => m[1] ?? m[2] ?? m[3]);
}

async function open() {
  await screen();
  const argv = words($('sandbox-command').value);
  const mine = terminalSocket(lease);
  socket = mine;
  say(`${lease.id}: connecting`);
  mine.onopen = () => {
    mine.send(JSON.stringify({ argv, terminal: { rows: terminal.rows, columns: terminal.cols } }));
    terminal.focus();
  };
  mine.onmessage = ({ data }) => (typeof data === 'string' ? told(JSON.parse(data)) : terminal.write(new Uint8Array(data)));
  mine.onclose = () => {
    if (socket === mine) {
      socket = undefined;
      show();
    }
  };
  mine.onerror = () => say(`${lease?.id}: the connection failed`);
  show();
}

function told(message) {
  if (message.started) {
    say(`${lease.id}: ${$('sandbox-command').value} runs, pid ${message.started.pid}`);
  } else if (message.exit) {
    const { exitCode, signal } = message.exit;
    say(`${lease.id}: ended, ${signal ? `signal ${signal}` : `exit code ${exitCode}`}`);
  } else if (message.error) {
    say(`${message.error.code}: ${message.error.detail}`);
    if (message.error.status === 410) {
      lease = undefined;
      show();
    }
  }
}

function show() {
  $('sandbox-lease').hidden = Boolean(lease);
  $('sandbox-release').hidden = !lease;
  $('sandbox-renew').hidden = !lease;
  $('sandbox-open').hidden = !lease || Boolean(socket);
}

async function attempt(button, action) {
  button.disabled = true;
  try {
    await action();
  } catch (e) {
    say(e.code ? `${e.code}: ${e.message}` : e.message);
    if (e.status === 410 || e.status === 404) {
      lease = undefined;
    }
  } finally {
    button.disabled = false;
    show();
  }
}

function ttlSeconds() {
  return Number($('sandbox-minutes').value) * 60;
}

async function take() {
  say('leasing');
  const template = $('sandbox-template').value;
  lease = await call('POST', '/v1/leases', { template, ttlSeconds: ttlSeconds() });
  show();
  await open();
}

async function renew() {
  const renewed = await call('POST', `/v1/leases/${lease.id}/renew`, { ttlSeconds: ttlSeconds() }, { [TOKEN]: lease.token });
  say(`${lease.id}: until ${new Date(renewed.expiresAt).toLocaleTimeString()}`);
}

async function release() {
  const { id, token } = lease;
  socket?.close();
  await call('DELETE', `/v1/leases/${id}`, undefined, { [TOKEN]: token });
  lease = undefined;
  say(`${id}: released`);
  $('sandbox-lease').hidden = false;
  $('sandbox-lease').focus();
}

export function setUp() {
  $('sandbox-form').addEventListener('submit', (event) => {
    event.preventDefault();
    attempt($('sandbox-lease'), lease ? open : take);
  });
  $('sandbox-open').addEventListener('click', () => attempt($('sandbox-open'), open));
  $('sandbox-renew').addEventListener('click', () => attempt($('sandbox-renew'), renew));
  $('sandbox-release').addEventListener('click', () => attempt($('sandbox-release'), release));
}

/** Offers the templates there are, keeping the choice. */
export function offer(templates) {
  const select = $('sandbox-template');
  const names = templates.map((t) => t.name);
  if (names.join() !== [...select.options].map((o) => o.value).join()) {
    const before = select.value;
    select.replaceChildren(...names.map((name) => new Option(name, name)));
    select.value = names.includes(before) ? before : (names[0] ?? '');
  }
}
