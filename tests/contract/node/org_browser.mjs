// A browser without scripts at the org: cookies, redirects within the org, and the form of the page it is on.
export class Browser {
  cookies = new Map();

  constructor(origin) {
    this.origin = origin;
  }

  async open(url, init = {}) {
    let response = await this.#send(new URL(url), init);
    while (response.status === 302 || response.status === 303) {
      const target = new URL(response.headers.get('location'), this.url);
      if (target.origin !== this.origin) return target;
      response = await this.#send(target);
    }
    this.page = await response.text();
    return this.page;
  }

  submit(fields) {
    const action = this.page.match(/<form method=post action='([^']+)'/)[1].replaceAll('&amp;', '&');
    return this.open(new URL(action, this.url), { method: 'POST', body: new URLSearchParams(fields) });
  }

  // Logs in where the page asks for it and approves where it does; returns where the app's callback was called.
  async authorize(url, username, password) {
    let answer = await this.open(url);
    if (!(answer instanceof URL) && this.url.pathname === '/login') answer = await this.submit({ username, pw: password });
    if (!(answer instanceof URL)) answer = await this.submit({ save: 'Allow' });
    return answer;
  }

  async #send(url, init = {}) {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, { ...init, redirect: 'manual', headers: { cookie }, signal: AbortSignal.timeout(10_000) });
    this.url = url;
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = line.match(/^([^=]+)=([^;]*)/);
      this.cookies.set(name, value);
    }
    return response;
  }
}
