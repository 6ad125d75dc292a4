// What users of a marketplace do in every story.
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Webhook } from 'standardwebhooks';
import { Api } from './api.mjs';
import { expect } from './timeline.mjs';

/** A document of the example that is sold: `app`, `topology`, `permissions`. */
export const example = async (name) =>
  JSON.parse(await readFile(new URL(`../tomcat-mysql/${name}.json`, import.meta.url), 'utf8'));

/** A new account with one user of that role, signed in. */
export async function join(operator, url, name, role) {
  const { tenantId } = await operator.post('/v1/tenants', { name });
  const { userId } = await operator.post(`/v1/tenants/${tenantId}/users`, { displayName: `${name} (${role})`, role });
  const { accessToken } = await operator.post(`/v1/users/${userId}/tokens`);
  return Object.assign(new Api(url, accessToken), { tenantId, name });
}

/** An auditor of the platform's own tenant, who sees the history of all tenants. */
export async function joinAsAuditor(operator, url) {
  const platform = (await operator.get('/v1/tenants')).items.find(({ name }) => name === 'Platform');
  const { userId } = await operator.post(`/v1/tenants/${platform.tenantId}/users`, { displayName: 'Auditor', role: 'auditor' });
  const { accessToken } = await operator.post(`/v1/users/${userId}/tokens`);
  return new Api(url, accessToken);
}

/** A billing system that the operator lets send events. */
export async function billingSource(operator, url) {
  const source = 'https://billing.example.com';
  const { billingSourceId, secret } = await operator.post('/v1/billing-sources', { name: 'Example Billing', source });
  const webhook = new Webhook(secret);
  const api = new Api(url);
  return {
    source,
    /** Sends a CloudEvent as a signed webhook, the way standardwebhooks.com describes. */
    send: (event) => {
      const body = JSON.stringify({
        specversion: '1.0',
        datacontenttype: 'application/json',
        source,
        time: new Date().toISOString(),
        ...event,
      });
      const id = `msg_${randomUUID()}`;
      const now = new Date();
      return api.send('POST', `/v1/billing-sources/${billingSourceId}/events`, body, {
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
        'webhook-signature': webhook.sign(id, now, body),
      });
    },
  };
}

/** Reviews a draft and releases exactly that. */
export async function release(provider, versionId) {
  const { problems, revisions } = await provider.get(`/v1/versions/${versionId}/review`);
  expect(problems.length === 0, 'the draft has no problems', problems);
  return provider.post(`/v1/versions/${versionId}/release`, { reviewed: revisions });
}

/** Another version, cloned, in which tomcat has that tag. */
export async function releaseNext(provider, { appId, versionId, topology }, number, description, tag = number) {
  const draft = await provider.post(`/v1/apps/${appId}/versions`, { number, description, cloneFrom: versionId });
  const { items } = await provider.get(`/v1/versions/${draft.versionId}/configurations`);
  const { configurationId, revision } = items[0];
  const nodes = topology.nodes.map((node) =>
    node.serviceName === 'tomcat' ? { ...node, image: node.image.replace('1.0.0', tag) } : node,
  );
  await provider.put(`/v1/configurations/${configurationId}/topology`, { ...topology, nodes }, { 'if-match': `"${revision}"` });
  await release(provider, draft.versionId);
  return draft.versionId;
}
