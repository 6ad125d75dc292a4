import { reasonOf } from './failure-reason';

class ShopClosed extends Error {
  readonly code = 'shop-closed';
}

describe('The reason of a failure', () => {
  it('names the class, the code and the message', () => {
    expect(reasonOf(new ShopClosed('the shop is closed until 9'))).toMatchObject({
      name: 'ShopClosed',
      code: 'shop-closed',
      message: 'the shop is closed until 9',
    });
  });

  it.each([
    ['text', 'thrown: late'],
    ['nothing', undefined],
    ['an object', { password: 'hunter22' }],
  ])('says that %s was thrown', (_, thrown) => {
    const reason = reasonOf(thrown === 'thrown: late' ? 'late' : thrown);
    expect(reason).toMatchObject({ name: 'NoError', frames: [] });
    expect(reason.message).not.toContain('hunter22');
  });

  it('keeps a few places of the stack, and no message in them', () => {
    const { frames } = reasonOf(new Error('one\ntwo'));
    expect(frames.length).toBeGreaterThan(0);
    expect(frames.length).toBeLessThanOrEqual(5);
    expect(frames.join(' ')).not.toMatch(/one|two/);
  });

  it('is short', () => {
    expect(reasonOf(new Error('so '.repeat(100_000))).message).toHaveLength(200);
    expect(reasonOf(new ShopClosed('so '.repeat(100_000))).message).toHaveLength(500);
  });

  it('keeps what an error of ours quotes', () => {
    const message = `"${'a name that is long '.repeat(4)}" is closed: {"by": "${'who '.repeat(20)}"}`;
    expect(reasonOf(new ShopClosed(message)).message).toBe(message);
  });

  const data = 'Jane Doe, 4 Privet Drive, was born on the first of May';
  it.each([
    [`no user "${data}" here`, 'no user "…" here'],
    [`can't read '${data}': it isn't there`, "can't read '…': it isn't there"],
    [`"${data} and it does not end`, '"…"'],
    [`"${data.replaceAll(' ', '\\"')}" and more`, '"…" and more'],
    [`no such user: {"name": "${data}"}`, 'no such user: {"name": "…"}'],
    [`got { name: ${data} }`, 'got {…'],
    [`Cannot read properties of undefined (reading 'versionId')`, `Cannot read properties of undefined (reading 'versionId')`],
    ['connect ECONNREFUSED 127.0.0.1:5432', 'connect ECONNREFUSED 127.0.0.1:5432'],
  ])('of any other keeps what is quoted if it is short: %s', (message, kept) => {
    expect(reasonOf(new TypeError(message)).message).toBe(kept);
    expect(reasonOf(Object.assign(new Error(message), { code: 'ERR_INVALID' })).message).toBe(kept);
  });

  it.each([
    ['a bearer token', 'GET failed: Authorization: Bearer abc.def-ghi', 'abc.def-ghi'],
    ['basic credentials', 'sent Basic dXNlcjpodW50ZXIyMg==', 'dXNlcjpodW50ZXIyMg'],
    ['a JSON web token', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln is expired', 'eyJzdWIiOiJ4In0'],
    ['credentials in an address', 'connect postgres://souk:hunter22@db:5432/souk', 'hunter22'],
    ['a password', 'password=hunter22 was refused', 'hunter22'],
    ['a secret in JSON', '{"appSecret":"hunter22","n":1}', 'hunter22'],
    ['a key in a query', 'GET /x?api_key=hunter22&n=1', 'hunter22'],
    ['a private key', '-----BEGIN PRIVATE KEY-----\nhunter22\n-----END PRIVATE KEY-----', 'hunter22'],
    ['half a private key', '-----BEGIN PRIVATE KEY-----\nhunter22', 'hunter22'],
    ['a long opaque value', 'got 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08', '9f86d081'],
    ['an address of a person', 'no user jane.doe@example.com', 'jane.doe'],
  ])('strikes out %s', (_, message, secret) => {
    const reason = reasonOf(new Error(message));
    expect(reason.message).toContain('(redacted)');
    expect(reason.message).not.toContain(secret);
    expect(JSON.stringify(reason)).not.toContain(secret);
  });

  it('leaves our own ids and ordinary words', () => {
    const message = 'instance "inst_01J9Z3K4M5N6P7Q8R9S0T1V2W3" is deleting: it cannot be upgraded to 1.2.0';
    expect(reasonOf(new Error(message)).message).toBe(message);
  });
});
