import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fold } from '@souk/event-sourcing';
import { goldenEvents } from '@souk/event-sourcing/testing';
import { configurationAggregate } from '../src/domain/configuration.decide';
import type { ConfigurationEvent } from '../src/domain/configuration.events';
import { topologyOf } from '../src/domain/drawing';

const folder = join(__dirname, 'golden');

goldenEvents(folder, [configurationAggregate]);

describe('Golden events, one after the other', () => {
  it('draw a configuration', () => {
    const events = Object.keys(configurationAggregate.eventTypes).map(
      (type) => ({ type, data: JSON.parse(readFileSync(join(folder, `${type}.v1.json`), 'utf8')) }) as ConfigurationEvent,
    );
    const configuration = fold(configurationAggregate, events);
    expect(configuration).toMatchObject({ status: 'frozen', name: 'Edge', hosting: 'edge', versionNumber: '1.0.0' });
    expect(configuration.status !== 'none' && topologyOf(configuration.drawing)).toEqual({
      nodes: [
        {
          serviceName: 'tomcat',
          category: 'custom',
          image: 'registry.example.com/shop/tomcat:1.1.0',
          ports: [{ internal: 8080, external: 80, protocol: 'TCP' }],
          position: { x: 240, y: 80 },
        },
      ],
      arrows: [{ from: 'tomcat', to: 'mysql' }],
      parameters: {
        adminEmail: {
          type: 'string',
          title: 'Administrator',
          description: 'Gets the alarms.',
          default: 'root@example.com',
          required: true,
        },
      },
      secrets: { dbPassword: { source: 'generated', title: 'Password of the database' } },
    });
  });
});
