// The client with one defect, for `ASSIST_CLIENT=./defects/client.js ASSIST_DEFECT=… node test.js`: the text of ../client.js
// with one place changed. Each defect is one that a suite of tests easily overlooks, and that `mockserver run` tells of.

'use strict';

const { readFileSync } = require('node:fs');
const Module = require('node:module');
const path = require('node:path');

const CALL = "const answer = await fetch(`${this.#url}/api/v2${path}`, {";

const DEFECTS = {
  'contract-violation': {
    where: 'technicianId: technician,',
    becomes: 'technicianId: [technician],',
  },
  'retry-after-ignored': {
    where: "await this.#sleep(Number(answer.headers.get('Retry-After') ?? 60));",
    becomes: 'await this.#sleep(1);',
  },
  'blind-retry': {
    where: CALL,
    becomes: 'const answer = await again(`${this.#url}/api/v2${path}`, {',
    helped: `async function again(url, options) {
      try {
        return await fetch(url, options);
      } catch (error) {
        if (options.method === 'GET') throw error;
        return fetch(url, options);
      }
    }`,
  },
  'token-per-call': {
    where: '${await this.#token(refused)}',
    becomes: '${await freshToken(await this.#token(refused))}',
    helped: `async function freshToken() {
      const form = {
        grant_type: 'refresh_token',
        client_id: '1000.WEBAPPEXAMPLE00000000000000000',
        client_secret: '5a1e7c0d9b3f2648a7c1e0d4b9f8263517aecd0948',
        refresh_token: '1000.0123456789abcdef0123456789abcdef.fedcba9876543210fedcba9876543210',
      };
      const url = process.env.MOCKSERVER_URL + '/zoho-accounts/oauth/v2/token';
      const answer = await fetch(url, { method: 'POST', body: new URLSearchParams(form) });
      return (await answer.json()).access_token;
    }`,
  },
  'secret-in-url': {
    where: CALL,
    becomes: 'const answer = await fetch(`${this.#url}/api/v2${path}?authtoken=${process.env.ZOHO_ASSIST_TOKEN}`, {',
  },
  'polling-too-fast': {
    where: "return readSession(await this.#call('DELETE',",
    becomes: `for (let polls = 0; polls < 16; polls += 1) await this.session(id);
    return readSession(await this.#call('DELETE',`,
  },
};

const file = path.join(__dirname, '..', 'client.js');
const defect = DEFECTS[process.env.ASSIST_DEFECT];
const parts = defect ? readFileSync(file, 'utf8').split(defect.where) : [];
if (parts.length !== 2) {
  throw new Error(`ASSIST_DEFECT is one of ${Object.keys(DEFECTS).join(', ')}, and its place must be there once`);
}

const seeded = new Module(file, module);
seeded.filename = file;
seeded.paths = module.paths;
seeded._compile(`${parts.join(defect.becomes)}\n${defect.helped ?? ''}`, file);

module.exports = { ...seeded.exports, DEFECTS: Object.keys(DEFECTS) };
