// A client of Zoho Assist for Node 20: fetch, and nothing to install.

'use strict';

class AssistError extends Error {
  constructor(status, code, message) {
    super(`${message} (${status}, code ${code})`);
    this.name = 'AssistError';
    this.status = status;
    this.code = code;
  }
}

const wait = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

class AssistClient {
  #url;
  #token;
  #sleep;
  #attempts;

  // `token` is a function that gives an access token; it is called with true when the last one was refused.
  constructor({ url = 'https://assist.zoho.com', token, sleep = wait, attempts = 4 }) {
    this.#url = url;
    this.#token = token;
    this.#sleep = sleep;
    this.#attempts = attempts;
  }

  async technicians() {
    return (await this.#call('GET', '/technicians')).technicians;
  }

  async session(id) {
    return readSession(await this.#call('GET', `/sessions/${encodeURIComponent(id)}`));
  }

  async startSession({ name, customer, email, technician }) {
    const body = {
      sessionType: 'remote_support',
      sessionName: name,
      customerName: customer,
      customerEmail: email,
      technicianId: technician,
    };
    return readSession(await this.#call('POST', '/sessions', body));
  }

  async endSession(id) {
    return readSession(await this.#call('DELETE', `/sessions/${encodeURIComponent(id)}`));
  }

  async #call(method, path, body) {
    let refused = false;
    for (let left = this.#attempts - 1; ; left -= 1) {
      const answer = await fetch(`${this.#url}/api/v2${path}`, {
        method,
        headers: {
          Authorization: `Zoho-oauthtoken ${await this.#token(refused)}`,
          ...(body && { 'Content-Type': 'application/json' }),
        },
        body: body && JSON.stringify(body),
        signal: AbortSignal.timeout(10_000),
      });
      if (answer.ok) {
        return answer.json();
      }
      if (answer.status === 401 && !refused && left > 0) {
        refused = true;
      } else if (answer.status === 429 && left > 0) {
        await this.#sleep(Number(answer.headers.get('Retry-After') ?? 60));
      } else {
        const { error } = await answer.json();
        throw new AssistError(answer.status, error.code, error.message);
      }
    }
  }
}

function readSession(data) {
  return {
    id: data.sessionId,
    joinUrl: data.sessionUrl,
    status: data.status,
    created: new Date(data.createdTime),
  };
}

module.exports = { AssistClient, AssistError };
