// The service's API, as everybody uses it. The key stays in this tab.

const KEY = 'rekindle.key';
const PROTOCOL = 'rekindle.terminal.v1';

export const key = {
  get: () => sessionStorage.getItem(KEY) ?? '',
  set: (text) => (text ? sessionStorage.setItem(KEY, text) : sessionStorage.removeItem(KEY)),
};

/** An error of the service: a problem document, or what stands for one. */
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail ?? body.title ?? `status ${status}`);
    this.status = status;
    this.code = body.code ?? 'unknown';
  }
}

function headers(more) {
  const all = { ...more };
  if (key.get()) {
    all.Authorization = `Bearer ${key.get()}`;
  }
  return all;
}

async function problem(response) {
  const body = await response.json().catch(() => ({}));
  return new Problem(response.status, body);
}

export async function call(method, path, body, more = {}) {
  const response = await fetch(path, {
    method,
    headers: headers(body === undefined ? more : { ...more, 'Content-Type': 'application/json' }),
    body: body === undefined ? undefined : JSON.stringify(body),
    cache: 'no-store',
  });
  if (!response.ok) {
    throw await problem(response);
  }
  return response.status === 204 ? null : response.json();
}

/** The lines of a stream, parsed, in the batches they come in. */
export async function* batches(path, signal) {
  const response = await fetch(path, { headers: headers({}), signal, cache: 'no-store' });
  if (!response.ok) {
    throw await problem(response);
  }
  const decoder = new TextDecoder();
  let rest = '';
  for (const reader = response.body.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) {
      return;
    }
    const parts = (rest + decoder.decode(value, { stream: true })).split('\n');
    rest = parts.pop();
    yield parts.filter(Boolean).map((line) => JSON.parse(line));
  }
}

export function terminalSocket(lease) {
  const secrets = [`rekindle.token.${lease.token}`];
  if (key.get()) {
    secrets.push(`rekindle.key.${key.get()}`);
  }
  const url = new URL(`/v1/leases/${lease.id}/terminal`, location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  const socket = new WebSocket(url, [PROTOCOL, ...secrets]);
  socket.binaryType = 'arraybuffer';
  return socket;
}
