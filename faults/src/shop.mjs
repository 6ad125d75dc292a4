import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Webhook } from 'standardwebhooks';
import { PatientApi } from './patient-api.mjs';

const example = (name) => JSON.parse(readFileSync(new URL(`../../examples/tomcat-mysql/${name}.json`, import.meta.url), 'utf8'));
/** So small that a hundred of them fit on the simulated cluster. */
const TOPOLOGY = {
  ...example('topology'),
  nodes: example('topology').nodes.map((node) => ({
    ...node,
    cpu: { ...node.cpu, request: '10m' },
    memory: { ...node.memory, request: '16Mi' },
  })),
};
const SOURCE = 'https://billing.example.com';

/** A provider with one app in two versions, a buyer, a billing system, an auditor; all of them patient. */
export class Shop {
  /** @param url of a running marketplace */
  static async open(url, operatorToken, patience) {
    const operator = new PatientApi(url, operatorToken, patience);
    const join = async (tenantId, name, role) => {
      const { userId } = await operator.post(`/v1/tenants/${tenantId}/users`, { displayName: name, role });
      const { accessToken } = await operator.post(`/v1/users/${userId}/tokens`);
      return Object.assign(new PatientApi(url, accessToken, patience), { tenantId });
    };
    const tenant = async (name) => (await operator.post('/v1/tenants', { name })).tenantId;
    const shop = new Shop();
    shop.operator = operator;
    shop.provider = await join(await tenant('Harbour Software'), 'Provider', 'provider');
    shop.buyer = await join(await tenant('Northwind Dairy'), 'Buyer', 'buyer');
    const platform = (await operator.get('/v1/tenants')).items.find(({ name }) => name === 'Platform');
    shop.auditor = await join(platform.tenantId, 'Auditor', 'auditor');
    const { billingSourceId, secret } = await operator.post('/v1/billing-sources', { name: 'Billing', source: SOURCE });
    shop.billing = { path: `/v1/billing-sources/${billingSourceId}/events`, webhook: new Webhook(secret) };
    shop.nobody = new PatientApi(url, undefined, patience);
    await shop.#publish();
    const { items } = await shop.buyer.get('/v1/clusters');
    shop.clusterId = items[0].clusterId;
    return shop;
  }

  async #publish() {
    const { provider } = this;
    const { appId } = await provider.post('/v1/apps', example('app'));
    const { versionId } = await provider.post(`/v1/apps/${appId}/initialise`, { versionDescription: 'First', number: '1.0.0' });
    const standard = { name: 'standard', hosting: 'edge' };
    const { configurationId } = await provider.post(`/v1/versions/${versionId}/configurations`, standard);
    await provider.put(`/v1/configurations/${configurationId}/topology`, TOPOLOGY, { 'if-match': '"0"' });
    await provider.put(`/v1/versions/${versionId}/permissions`, example('permissions'));
    await this.#release(versionId);
    await provider.until(`/v1/apps/${appId}`, ({ status }) => status === 'initialised');
    await provider.post(`/v1/apps/${appId}/list`);
    this.appId = appId;
    this.first = versionId;
    this.second = await this.#publishNext(appId, versionId);
  }

  async #publishNext(appId, cloneFrom) {
    const { provider } = this;
    const next = { number: '1.1.0', description: 'Faster pages', cloneFrom };
    const { versionId } = await provider.post(`/v1/apps/${appId}/versions`, next);
    const { items } = await provider.get(`/v1/versions/${versionId}/configurations`);
    const nodes = TOPOLOGY.nodes.map((node) =>
      node.serviceName === 'tomcat' ? { ...node, image: node.image.replace('1.0.0', '1.1.0') } : node,
    );
    const ifMatch = { 'if-match': `"${items[0].revision}"` };
    await provider.put(`/v1/configurations/${items[0].configurationId}/topology`, { ...TOPOLOGY, nodes }, ifMatch);
    await this.#release(versionId);
    return versionId;
  }

  async #release(versionId) {
    const { revisions } = await this.provider.get(`/v1/versions/${versionId}/review`);
    await this.provider.post(`/v1/versions/${versionId}/release`, { reviewed: revisions });
  }

  /** Something that happened to an order, as the billing system tells it. */
  orderEvent(type, orderId, sequence, data) {
    return {
      specversion: '1.0',
      id: `${orderId}-${sequence}`,
      source: SOURCE,
      type: `souk.order.${type}.v1`,
      subject: orderId,
      sequence: String(sequence),
      time: new Date().toISOString(),
      datacontenttype: 'application/json',
      data,
    };
  }

  /** Sends an event of the billing system; the same one again where no answer comes. */
  async deliver(event) {
    const body = JSON.stringify(event);
    const id = `msg_${randomUUID()}`;
    return this.nobody.send('POST', this.billing.path, body, () => {
      const now = new Date();
      return {
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
        'webhook-signature': this.billing.webhook.sign(id, now, body),
      };
    });
  }

  /** That an order for the first version was paid. */
  paid(orderId) {
    return this.orderEvent('paid', orderId, 1, {
      buyerTenant: this.buyer.tenantId,
      appId: this.appId,
      versionId: this.first,
      plan: 'yearly',
      configuration: 'standard',
      clusterId: this.clusterId,
      instanceName: orderId,
      parameters: { title: orderId },
    });
  }

  /** That its price was paid back. */
  refunded(orderId) {
    return this.orderEvent('refunded', orderId, 2, { reason: 'changed their mind' });
  }

  /** A paid order for the first version. Answers the instance's id as soon as there is one. */
  async buy(orderId) {
    const { purchaseId } = await this.deliver(this.paid(orderId));
    const { instanceId } = await this.fulfilled(purchaseId);
    return { orderId, purchaseId, instanceId };
  }

  /** The purchase, as soon as there is an instance of it. */
  fulfilled(purchaseId) {
    return this.buyer.until(`/v1/purchases/${purchaseId}`, (one) => one.instanceId !== undefined);
  }

  becomes(instanceId, holds) {
    return this.buyer.until(`/v1/instances/${instanceId}`, holds, 120_000);
  }

  /** Upgrades to the second version. */
  upgrade(instanceId) {
    return this.buyer.post(`/v1/instances/${instanceId}/upgrade`, { versionId: this.second });
  }

  restart(instanceId) {
    return this.buyer.post(`/v1/instances/${instanceId}/restart`, {});
  }

  refund(orderId) {
    return this.deliver(this.refunded(orderId));
  }

  /** Numbers of events of an instance by type; of everything that is known about it. */
  async history(instanceId) {
    const counts = {};
    let query = `/v1/history?about=${instanceId}&limit=200`;
    for (let cursor = ''; ;) {
      const { items, next } = await this.auditor.get(query + (cursor && `&cursor=${encodeURIComponent(cursor)}`));
      for (const { type } of items) counts[type] = (counts[type] ?? 0) + 1;
      if (!next) return counts;
      cursor = next;
    }
  }
}
