import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { MirraError } from './error.js';
import { hook } from './hook.js';

// Taken before a suite replaces them: what is asked of Mirra is not for its mocks.
const httpRequest = http.request;
const httpsRequest = https.request;

/** The control API of a server. */
export class Control {
  readonly #url: URL;
  readonly #token: string;
  readonly #agent: http.Agent;

  constructor(url: string, token: string) {
    this.#url = new URL(url);
    this.#token = token;
    if (this.#url.protocol === 'https:') {
      this.#agent = new https.Agent({ keepAlive: true });
      return;
    }
    this.#agent = new http.Agent({ keepAlive: true });
    // Past the proxies of the environment, and where the hook leads or refuses.
    this.#agent.createConnection = ({ host, port }) => hook.connect({ host: host ?? 'localhost', port: Number(port) });
  }

  get url(): string {
    return this.#url.origin;
  }

  #open(method: string, path: string, body: unknown, signal?: AbortSignal): Promise<IncomingMessage> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers: http.OutgoingHttpHeaders = { authorization: `Bearer ${this.#token}` };
    if (text !== undefined) Object.assign(headers, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
    return new Promise((resolve, reject) => {
      const request = this.#url.protocol === 'https:' ? httpsRequest : httpRequest;
      const out = request({ host: this.#url.hostname.replace(/^\[|\]$/g, ''), port: this.#url.port || (this.#url.protocol === 'https:' ? 443 : 80), method, path, headers, agent: this.#agent, signal }, resolve);
      out.on('error', (e) => {
        if (signal?.aborted) return reject(e);
        reject(new MirraError('mirra.server.unreachable', `the server at ${this.url} does not answer: ${e.message}`, 'start a session anew; mirra status shows whether a server runs'));
      });
      out.end(text);
    });
  }

  async call<T = void>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.#open(method, path, body);
    let text = '';
    answer.setEncoding('utf8');
    for await (const part of answer) text += part;
    if ((answer.statusCode ?? 500) >= 400) throw refusal(answer.statusCode, text, `${method} ${path}`);
    return (text ? JSON.parse(text) : undefined) as T;
  }

  /** Reads all pages of a trace. */
  async pages<T>(path: string): Promise<T[]> {
    const all: T[] = [];
    for (let cursor = ''; ; ) {
      const page = await this.call<{ entries: T[]; nextCursor?: string }>('GET', path + (path.includes('?') ? '&' : '?') + 'limit=1000' + (cursor && `&cursor=${encodeURIComponent(cursor)}`));
      all.push(...page.entries);
      if (!page.nextCursor) return all;
      cursor = page.nextCursor;
    }
  }

  /** Follows server-sent events until signal ends it; once the first is there the process may end meanwhile if idle. */
  async *events<T>(path: string, signal: AbortSignal, idle = false): AsyncGenerator<T> {
    const answer = await this.#open('GET', path, undefined, signal);
    if (answer.statusCode !== 200) throw refusal(answer.statusCode, '', `GET ${path}`);
    answer.setEncoding('utf8');
    let rest = '';
    for await (const part of answer) {
      const messages = (rest + part).split('\n\n');
      rest = messages.pop() ?? '';
      for (const message of messages) {
        const data = message.split('\n').find((line) => line.startsWith('data: '));
        if (data && idle) answer.socket.unref();
        if (data) yield JSON.parse(data.slice('data: '.length)) as T;
      }
    }
  }
}

function refusal(status: number | undefined, text: string, what: string): MirraError {
  try {
    const { error } = JSON.parse(text) as { error: { code: string; message: string; hint?: string } };
    return new MirraError(error.code, error.message, error.hint);
  } catch {
    return new MirraError('mirra.server.foreign', `${what} was answered with ${status}, not by Mirra`, 'MIRRA_URL names the server');
  }
}
