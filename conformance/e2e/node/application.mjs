// What the tests of SDKs share: the mirra program, and an application that takes
// webhooks.
import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import { promisify } from 'node:util';

const run = promisify(execFile);
let session;

// start starts a session with `mirra up --json ARGS`, in which later commands run.
export async function start(...args) {
  session = JSON.parse(await mirra('up', '--json', ...args));
  return session;
}

export async function mirra(...args) {
  const env = { ...process.env, ...(session && { MIRRA_SESSION: session.sessionId }) };
  const { stdout } = await run(process.env.MIRRA, args, { cwd: process.env.PROJECT, env });
  return stdout;
}

// end ends the session, if one was started.
export async function end() {
  if (session) await mirra('down', '--session', session.sessionId);
}

// Application keeps the requests that it gets; answer may say more than 200.
export class Application {
  hooks = [];
  #waiting = [];
  #server;

  constructor(answer = () => undefined) {
    this.#server = createServer((req, res) => {
      let body = '';
      req.setEncoding('utf8');
      req.on('data', (chunk) => (body += chunk));
      req.on('end', () => {
        res.end(answer(req, res));
        this.hooks.push({ path: req.url, headers: req.headers, body });
        for (const wake of this.#waiting.splice(0)) wake();
      });
    });
  }

  // listen returns the application's URL.
  async listen() {
    await new Promise((listening) => this.#server.listen(0, '127.0.0.1', listening));
    this.url = `http://127.0.0.1:${this.#server.address().port}`;
    return this.url;
  }

  // find returns the first request that fits, once it has come.
  async find(fits) {
    for (;;) {
      const hit = this.hooks.find(fits);
      if (hit) return hit;
      await new Promise((wake) => this.#waiting.push(wake));
    }
  }

  // take is find, and forgets the request.
  async take(fits) {
    const hit = await this.find(fits);
    this.hooks.splice(this.hooks.indexOf(hit), 1);
    return hit;
  }

  close() {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
