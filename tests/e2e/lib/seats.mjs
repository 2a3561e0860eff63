// Browser contexts that visitors use one after the other. A window of its own for each of hundreds would be most of the work; who sits down looks
// first whether the one before has left anything.
export class Seats {
  #free = [];
  #prepare;

  /** `prepare` runs in each document before its scripts. */
  constructor(browser, prepare) {
    this.browser = browser;
    this.#prepare = prepare;
  }

  async take() {
    return this.#free.pop() ?? this.#make();
  }

  giveBack(seat) {
    this.#free.push(seat);
  }

  async close() {
    await this.browser.close();
  }

  async #make() {
    const context = await this.browser.createBrowserContext();
    const page = await context.newPage();
    if (this.#prepare) await page.evaluateOnNewDocument(this.#prepare);
    return { context, page };
  }
}
