// Run by `node test.js` against a mock that is up: exit status 0 when all is well, else 1.
//
//   ZOHO_ASSIST_URL    where the mock of the API is, such as http://127.0.0.1:4010/zoho-assist
//   ZOHO_ASSIST_TOKEN  a token, such as `mockserver token zoho-assist` prints
//   MOCKSERVER_URL     the mock itself, such as http://127.0.0.1:4010, for the tests that let something go wrong
//
// All three are set by `mockserver run zoho-assist -- node test.js`, which starts the mock, too, and judges the client.

'use strict';

const assert = require('node:assert/strict');
const test = require('node:test');
const { AssistClient, AssistError } = require(process.env.ASSIST_CLIENT ?? './client.js');

const { MOCKSERVER_URL: mock, ZOHO_ASSIST_URL: url = mock && `${mock}/zoho-assist` } = process.env;
const token = process.env.ZOHO_ASSIST_TOKEN ?? '';

if (!url || !token) {
  console.error('set ZOHO_ASSIST_URL (or MOCKSERVER_URL) and ZOHO_ASSIST_TOKEN');
  process.exit(1);
}

const needsTheMock = { skip: mock ? false : 'MOCKSERVER_URL is not set' };

function client(options = {}) {
  return new AssistClient({ url, token: async () => token, ...options });
}

async function tellTheMock(path, order) {
  const answer = await fetch(`${mock}/__admin/${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(order),
  });
  assert.ok(answer.ok, await answer.text());
}

const failNext = (order) => tellTheMock('faults', { api: 'zoho-assist', ...order });

// Nobody waits for real: the mock's clock is moved instead.
const passes = (seconds) => tellTheMock('clock', { advance: `PT${seconds}S` });

test('technicians are listed', async () => {
  const technicians = await client().technicians();
  assert.ok(technicians.length > 0);
  assert.ok(technicians.every(({ technicianId }) => technicianId));
});

test('a session is started, read and ended', async () => {
  const assist = client();
  const made = await assist.startSession({
    name: 'Printer on fire',
    customer: 'Ada Example',
    email: 'ada@example.com',
    technician: (await assist.technicians())[0].technicianId,
  });
  assert.equal(made.status, 'waiting');
  assert.deepEqual(await assist.session(made.id), made);
  assert.equal((await assist.endSession(made.id)).status, 'completed');
});

test('a session that is not there is an error', async () => {
  await assert.rejects(client().session('no-such-session'), (error) => {
    assert.ok(error instanceof AssistError);
    assert.equal(error.status, 404);
    return true;
  });
});

test('the client waits as long as it is told', needsTheMock, async () => {
  const waits = [];
  await failNext({ operation: 'listTechnicians', status: 429, times: 2 });
  await client({ sleep: (seconds) => waits.push(seconds) && passes(seconds) }).technicians();
  assert.equal(waits.length, 2);
  assert.ok(waits.every((seconds) => seconds >= 1), `${waits}`);
});

test('a token that is refused is asked for again', needsTheMock, async () => {
  const asked = [];
  await failNext({ operation: 'listTechnicians', status: 401 });
  await client({ token: async (refused) => asked.push(refused) && token }).technicians();
  assert.deepEqual(asked, [false, true]);
});

test('a connection that breaks is an error', needsTheMock, async () => {
  await failNext({ operation: 'listTechnicians', fault: 'CONNECTION_RESET_BY_PEER' });
  await assert.rejects(client().technicians(), TypeError);
});

test('a session whose answer was lost is not just started again', needsTheMock, async () => {
  await failNext({ operation: 'createSession', fault: 'CONNECTION_RESET_BY_PEER', applied: true });
  const [{ technicianId }] = await client().technicians();
  const order = { name: 'Lost', customer: 'Bob Example', email: 'bob@example.com', technician: technicianId };
  await Promise.allSettled([client().startSession(order)]); // what the caller does about it is the caller's business
});
