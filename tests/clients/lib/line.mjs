// The line between an SDK and the collector: keeps what passes, and fails as it is told to.
import http from 'node:http';

export class Line {
  #server;
  #target;
  #faults = [];
  /** Changes what goes on: (headers, body) => {headers, body}. */
  rewrite = (headers, body) => ({ headers, body });
  /** {method, path, headers, body, status} of every request, in order. */
  requests = [];

  static async start(target) {
    const line = new Line();
    line.#target = new URL(target);
    line.#server = http.createServer((request, response) => line.#pass(request, response));
    await new Promise((resolve) => line.#server.listen(0, '127.0.0.1', resolve));
    line.url = `http://127.0.0.1:${line.#server.address().port}`;
    return line;
  }

  /** The next request is answered 503 with this Retry-After, and goes nowhere. */
  refuseOnce(seconds = 1) {
    this.#faults.push({ kind: 'refuse', seconds });
  }

  /** The next request arrives, and its answer is lost. */
  loseAnswerOnce() {
    this.#faults.push({ kind: 'lose' });
  }

  statuses() {
    return this.requests.map((request) => request.status);
  }

  async #pass(request, response) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const seen = { method: request.method, path: request.url, headers: request.headers, body, status: 0 };
    this.requests.push(seen);
    const fault = this.#faults.shift();
    if (fault?.kind === 'refuse') {
      seen.status = 503;
      response.writeHead(503, { 'retry-after': String(fault.seconds) }).end();
      return;
    }
    const answer = await this.#forward(request, body);
    seen.status = answer.status;
    if (fault?.kind === 'lose') {
      request.socket.destroy();
      return;
    }
    response.writeHead(answer.status, answer.headers).end(answer.body);
  }

  #forward(request, body) {
    const { hostname, port } = this.#target;
    const onwards = this.rewrite(request.headers, body);
    const headers = { ...onwards.headers, 'content-length': String(onwards.body.length) };
    delete headers['transfer-encoding'];
    return new Promise((resolve, reject) => {
      const options = { hostname, port, method: request.method, path: request.url, headers };
      const onward = http.request(options, (answer) => {
        const chunks = [];
        answer.on('data', (chunk) => chunks.push(chunk));
        answer.on('end', () =>
          resolve({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(chunks) }));
      });
      onward.on('error', reject);
      onward.end(onwards.body);
    });
  }

  async stop() {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
