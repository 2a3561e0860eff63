// Child processes of a test: started, waited for, ended, and their output kept for the byte search.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

const START_DEADLINE_MS = 30_000;
const STOP_DEADLINE_MS = 20_000;

/** A child that says `listening on http://…` when it is ready. */
export class Service {
  #child;
  #exited;
  output = '';
  url = '';

  /** Starts the command and waits until it listens. */
  static async start(name, command, args, env = {}) {
    const service = new Service();
    service.name = name;
    service.#child = spawn(command, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    service.#exited = once(service.#child, 'exit');
    await service.#ready();
    return service;
  }

  #ready() {
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(
        () => reject(new Error(`${this.name} did not listen in time:\n${this.output}`)),
        START_DEADLINE_MS,
      );
      const read = (chunk) => {
        this.output += chunk;
        const found = /listening on (http:\/\/[^\s"]+)/.exec(this.output);
        if (found && !this.url) {
          this.url = found[1].replace(/\/$/, '');
          clearTimeout(deadline);
          resolve();
        }
      };
      this.#child.stdout.setEncoding('utf8').on('data', read);
      this.#child.stderr.setEncoding('utf8').on('data', read);
      this.#child.once('exit', (code) => {
        clearTimeout(deadline);
        reject(new Error(`${this.name} ended with ${code}:\n${this.output}`));
      });
      this.#child.once('error', reject);
    });
  }

  /** Ends the process at once, as a power cut would. */
  async kill() {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  /** Asks the process to end and waits for it; returns its exit code. */
  async stop() {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return this.#child.exitCode;
    this.#child.kill('SIGTERM');
    const deadline = setTimeout(() => this.#child.kill('SIGKILL'), STOP_DEADLINE_MS);
    const [code] = await this.#exited;
    clearTimeout(deadline);
    return code;
  }
}
