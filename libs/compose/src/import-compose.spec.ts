import { resolveTemplate, type TopologyNode } from '@souk/topology';
import fc from 'fast-check';
import type { Finding } from './finding';
import { importCompose } from './import-compose';

const imported = (yaml: string, environment: Record<string, string> = {}) => importCompose(yaml, { environment });
const services = (body: string, environment?: Record<string, string>) =>
  imported(`services:\n${body.replaceAll(/^/gm, '  ')}`, environment);
/** The only node, of a service with an image and these settings. */
const node = (settings: string, environment?: Record<string, string>): TopologyNode =>
  services(`a:\n  image: a:1\n${settings.replaceAll(/^/gm, '  ')}`, environment).topology!.nodes[0]!;
const lines = (report: readonly Finding[], outcome?: Finding['outcome']) =>
  report
    .filter((finding) => outcome === undefined || finding.outcome === outcome)
    .map(({ code, pointer }) => `${code} ${pointer}`);
const fatal = (yaml: string) => {
  const { topology, report } = imported(yaml);
  expect(topology).toBeUndefined();
  return lines(report, 'problem');
};

describe('A Compose document', () => {
  describe('that is none', () => {
    it.each([
      ['syntax', 'a: [', 'yaml-syntax '],
      ['nothing', '', 'document-empty '],
      ['a list', '- a', 'wrong-shape '],
      ['a doubled key', 'services: {a: {image: a}, a: {image: b}}', 'yaml-key-duplicate /services/a'],
      ['a tag', 'services: {a: !reset null}', 'yaml-tag /services/a'],
      ['an alias within its own anchor', 'services: &s {a: *s}', 'yaml-alias /services/a'],
      ['an alias of nothing', 'services: {a: *b}', 'yaml-alias /services/a'],
      ['no service', 'services: {}', 'no-services /services'],
      ['a reserved character', 'services: {a: {image: "\\uE000"}}', 'character-reserved /services/a/image'],
    ])('gives no topology: %s', (_, yaml, first) => {
      expect(fatal(yaml)[0]).toBe(first);
    });

    it('gives none either where it is a bomb, in size, depth, aliases or variables', () => {
      const laughs = ['x0: &x0 [lol, lol]', ...Array.from({ length: 40 }, (_, i) => `x${i + 1}: &x${i + 1} [*x${i}, *x${i}]`)];
      expect(fatal(laughs.join('\n'))[0]).toMatch(/^document-too-large/);
      expect(fatal(`a: ${'['.repeat(100)}${']'.repeat(100)}`)).toEqual(['document-too-deep ']);
      expect(fatal('['.repeat(100_000)).at(-1)).toMatch(/^(document-too-deep|yaml-syntax)/);
      expect(fatal(`a: ${'x'.repeat(1024 * 1024)}`)).toEqual(['document-too-large ']);
      const long = { LONG: 'x'.repeat(10_000) };
      const uses = Array.from({ length: 1000 }, () => '$LONG').join(' ');
      expect(lines(services(`a: {image: 'a:1', command: '${uses}'}`, long).report, 'problem')).toEqual([
        'document-too-large /services/a/command',
      ]);
    });

    it('gives none where services wait for each other, for themselves, or for nobody', () => {
      expect(fatal('services: {a: {image: a, depends_on: [b]}, b: {image: b, depends_on: [a]}}')).toEqual([
        'cycle /services/a/depends_on/0',
      ]);
      expect(fatal('services: {a: {image: a, depends_on: [a, c]}}')).toEqual([
        'dependency-on-itself /services/a/depends_on/0',
        'dependency-undefined /services/a/depends_on/1',
      ]);
    });
  });

  describe('with anchors and merge keys', () => {
    it('is what they resolve to; own keys count more than merged ones, earlier ones more than later ones', () => {
      const yaml = `
x-a: &a { image: 'a:1', working_dir: /a, user: '1' }
x-b: &b { image: 'b:1', working_dir: /b }
services:
  s: { <<: [*a, *b], user: '2' }`;
      expect(imported(yaml).topology!.nodes).toEqual([
        { serviceName: 's', category: 'custom', image: 'a:1', workingDirectory: '/a', userId: 2 },
      ]);
    });

    it('takes names that objects have by nature', () => {
      const { env } = node('environment: { __proto__: x, constructor: y }');
      expect(Object.entries(env!)).toEqual([
        ['__proto__', 'x'],
        ['constructor', 'y'],
      ]);
    });
  });

  describe('whose services are named otherwise than nodes are', () => {
    it('has nodes of the nearest names, each once', () => {
      const { topology } = services('my_db: {image: a}\nmy-db: {image: b}\n1st: {image: c}\nMy.DB: {image: d}');
      expect(topology!.nodes.map(({ serviceName }) => serviceName)).toEqual(['my-db', 'my-db-2', 'my-db-3', 's-1st']);
    });

    it('has its addresses rewritten where a host is meant for certain', () => {
      const { topology, report } = services(`
my_db: {image: 'x:1', expose: [80]}
a:
  image: a:1
  environment:
    URL: http://user@my_db/path
    JDBC: jdbc:mysql://my_db:3306/x
    BROKERS: my_db:1,my_db:2
    DB_HOST: my_db
    DB_NAME: my_db
    TEXT: ask my_db`);
      expect(topology!.nodes[0]!.env).toEqual({
        URL: 'http://user@${node.my-db.host}/path',
        JDBC: 'jdbc:mysql://${node.my-db.host}:3306/x',
        BROKERS: '${node.my-db.host}:1,${node.my-db.host}:2',
        DB_HOST: '${node.my-db.host}',
        DB_NAME: 'my_db',
        TEXT: 'ask my_db',
      });
      expect(lines(report)).toContain('host-unchanged /services/a/environment/DB_NAME');
    });
  });

  describe('with secrets written down', () => {
    const written = ['hunter2', 'pa55', 'k3y', 'fl4g', 'in-url', 'deep'];
    const yaml = `
db: {image: 'postgres:16', environment: {POSTGRES_PASSWORD: hunter2}}
app:
  image: a:1
  command: [serve, --password=pa55, --api-key, fl4g]
  healthcheck: {test: 'check -phunter2'}
  environment:
    - DATABASE=postgres://u:hunter2@db/x
    - BROKER=amqp://u:in-url@else/where
    - DB_PASSWORD=hunter2
    - SERVICE_TOKEN=k3y
    - ALLOW_EMPTY_PASSWORD=yes
    - OPTIONS=--token deep -v`;

    it('has neither in its topology nor in its report what they are', () => {
      const { topology, report } = services(yaml);
      for (const secret of written) expect(JSON.stringify({ topology, report })).not.toContain(secret);
    });

    it('declares one secret for each value, and refers to it', () => {
      const { topology } = services(yaml);
      const [app, db] = topology!.nodes;
      expect(db).toMatchObject({ category: 'third-party', env: { POSTGRES_PASSWORD: '${secret.postgresPassword}' } });
      expect(app!.args).toEqual(['serve', '--password=$(ARG_PASSWORD)', '--api-key', '$(ARG_API_KEY)']);
      expect(app!.healthCheck).toBeUndefined();
      expect(app!.env).toEqual({
        DATABASE: 'postgres://u:${secret.postgresPassword}@db/x',
        BROKER: 'amqp://u:${secret.brokerPassword}@else/where',
        DB_PASSWORD: '${secret.postgresPassword}',
        SERVICE_TOKEN: '${secret.serviceToken}',
        ALLOW_EMPTY_PASSWORD: 'yes',
        OPTIONS: '--token ${secret.token} -v',
        ARG_PASSWORD: '${secret.password}',
        ARG_API_KEY: '${secret.apiKey}',
      });
      const sources = Object.entries(topology!.secrets).map(([name, { source }]) => `${name} ${source}`);
      expect(sources).toEqual([
        'apiKey supplied',
        'brokerPassword generated',
        'password generated',
        'postgresPassword generated',
        'serviceToken supplied',
        'token supplied',
      ]);
    });

    it.each([
      ['again under a name that says nothing', 'environment: {DB_PASSWORD: s3cr3t-1, SETTING: "x s3cr3t-1 y"}'],
      ['again in an argument', 'command: [serve, "s3cr3t-1"]\nenvironment: {DB_PASSWORD: s3cr3t-1}'],
      ['again in a test', 'healthcheck: {test: "check s3cr3t-1"}\nenvironment: {DB_PASSWORD: s3cr3t-1}'],
      ['again in a message', 'user: s3cr3t-1\nenvironment: {DB_PASSWORD: s3cr3t-1}'],
      ['as a key', 'environment: {LOGGED_IN_KEY: s3cr3t-1}'],
      ['as a salt', 'environment: {NONCE_SALT: s3cr3t-1}'],
      ['as a base of keys', 'environment: {SECRET_KEY_BASE: s3cr3t-1}'],
      ['as a secret key', 'environment: {STRIPE_SK: s3cr3t-1}'],
      ['as a JWT', 'environment: {SERVICE_JWT: s3cr3t-1}'],
      ['as a numbered password', 'environment: {PASSWORD_2: s3cr3t-1}'],
      ['in a DSN', 'environment: {SENTRY_DSN: "https://s3cr3t-1@errors.example.com/1"}'],
      ['before a host without scheme', 'environment: {STORE: "root:s3cr3t-1@tcp(db:3306)/shop"}'],
      ['before the second of two hosts', 'environment: {BROKERS: "amqp://a:b-1@x,amqp://u:s3cr3t-1@y"}'],
      ['in JSON', `environment: {CONFIG: '{"db": {"user": "u", "password": "s3cr3t-1"}}'}`],
      ['in a URL of a command', 'command: [serve, "--db=postgres://u:s3cr3t-1@db/x"]'],
      ['behind a short flag', 'command: [mysql, -u, root, -p, s3cr3t-1]'],
      ['behind a long flag', 'command: [serve, --password, s3cr3t-1]'],
      ['against a short flag', 'entrypoint: [sh, -c, "mysqldump -ps3cr3t-1 shop"]'],
      ['between quotes', `entrypoint: [sh, -c, "serve --password='s3cr3t-1; x'"]`],
      ['behind a user', 'entrypoint: [sh, -c, "curl -u admin:s3cr3t-1 http://x"]'],
      ['in words behind a user', 'command: [curl, -u, "admin:s3cr3t-1"]'],
      ['in a header', 'entrypoint: [sh, -c, "curl -H \'Authorization: Bearer s3cr3t-1\' x"]'],
    ])('has them nowhere: %s', (_, settings) => {
      const { topology, report } = services(`a:\n  image: a:1\n${settings.replaceAll(/^/gm, '  ')}`);
      for (const told of [topology, report]) expect(JSON.stringify(told)).not.toContain('s3cr3t-1');
    });

    it('knows those that its environment gives, under any name', () => {
      const { topology } = services('a: {image: "a:1", environment: {SETTING: "x ${DB_PASSWORD}"}}', { DB_PASSWORD: 's3cr3t-1' });
      expect(topology!.nodes[0]!.env).toEqual({ SETTING: 'x ${secret.dbPassword}' });
    });

    it('keeps what is no secret: names that a password is the same as, ports, paths, users and groups', () => {
      const { env, args } = node(`
environment: {DB_PASSWORD: wordpress, DB_USER: wordpress, SITE: wordpress.example.com, TLS_KEY: /etc/tls/key.pem, PUBLIC_KEY: abc}
command: [run, -p, "8080", --user, "1000:1000", --sort-key=name, "http://x:80/a@b", "mailto:bob@example.com", "a@sha256:12"]`);
      expect(env).toEqual({
        DB_PASSWORD: '${secret.dbPassword}',
        DB_USER: 'wordpress',
        SITE: 'wordpress.example.com',
        TLS_KEY: '/etc/tls/key.pem',
        PUBLIC_KEY: 'abc',
      });
      expect(args!.join(' ')).toBe(
        'run -p 8080 --user 1000:1000 --sort-key=name http://x:80/a@b mailto:bob@example.com a@sha256:12',
      );
    });

    it('keeps secrets apart that flags of the same name give', () => {
      const { env, args } = node('command: [serve, --password=one-1, "--password=two-2"]');
      expect(args).toEqual(['serve', '--password=$(ARG_PASSWORD)', '--password=$(ARG_PASSWORD_2)']);
      expect(env).toEqual({ ARG_PASSWORD: '${secret.password}', ARG_PASSWORD_2: '${secret.password2}' });
    });

    it('tells of what looks like one, and has no name that says so', () => {
      const { report } = services(`a:
  image: a:1
  environment: {HOOK: "https://x.example/T0/9fX2kQ7LmZp4Rt8VbN1cYs6W", PLACE: eu-central-1-production-2024, ID: my-service-name-is-long}`);
      expect(lines(report).filter((line) => line.startsWith('secret-'))).toEqual([
        'secret-suspected /services/a/environment/HOOK',
      ]);
    });

    it('gives secrets of its own as variables, those that a *_FILE reads under the name without', () => {
      const { topology } = imported(`
services:
  db: {image: 'postgres:16', environment: {POSTGRES_PASSWORD_FILE: /run/secrets/pw}, secrets: [pw]}
  app: {image: 'a:1', secrets: [{source: pw, target: /etc/pw}]}
secrets: {pw: {file: ./pw}}`);
      expect(topology!.nodes.map(({ env }) => env)).toEqual([{ PW: '${secret.pw}' }, { POSTGRES_PASSWORD: '${secret.pw}' }]);
      expect(topology!.nodes[1]!.preset).toBe('postgresql');
    });
  });

  describe('with variables', () => {
    it('leaves what has no value to the buyer: a parameter, or a secret where it is called one', () => {
      const { topology } = services(
        `
a:
  image: a:1
  environment:
    MAIL: \${MAIL}
    FROM: shop@\${DOMAIN:?which domain}
    URL: postgres://u:\${DB_PASSWORD}@h/x
    KNOWN: \${KNOWN}
    PRICE: $$5 and \${ALSO:-no}
    TOTAL: US$$\${MAIL}`,
        { KNOWN: 'a ${b}' },
      );
      expect(topology!.nodes[0]!.env).toEqual({
        MAIL: '${param.MAIL}',
        FROM: 'shop@${param.DOMAIN}',
        URL: 'postgres://u:${secret.DB_PASSWORD}@h/x',
        KNOWN: 'a $${b}',
        PRICE: '$5 and no',
        TOTAL: 'US$$${param.MAIL}',
      });
      expect(topology!.parameters).toEqual({
        DOMAIN: { type: 'string', title: 'DOMAIN', required: true },
        MAIL: { type: 'string', title: 'MAIL', default: '' },
      });
      expect(topology!.secrets).toEqual({ DB_PASSWORD: { source: 'supplied', title: 'DB_PASSWORD' } });
    });

    it('writes every text so that an instance gets exactly that', () => {
      fc.assert(
        fc.property(fc.array(fc.constantFrom('$', '{', '}', 'a', '${b}', '$$')), (pieces) => {
          const text = pieces.join('');
          const { env } = node(`environment: ${JSON.stringify({ TEXT: text.replaceAll('$', '$$$$') })}`);
          expect(resolveTemplate(env!['TEXT']!, () => undefined).value).toBe(text);
        }),
      );
    });

    it('finds a secret with dollar signs wherever else it stands', () => {
      const { env } = node("environment: {DB_PASSWORD: 'pa$$$$wo${X:-}rd$${1}', GREETING: 'say pa$$$$word$${1}!'}");
      expect(env).toEqual({ DB_PASSWORD: '${secret.dbPassword}', GREETING: 'say ${secret.dbPassword}!' });
    });

    it('is empty where it names one without a value elsewhere, and says so', () => {
      const { topology, report } = services('a: {image: "a:1${SUFFIX}", working_dir: "/${DIR:?which}"}');
      expect(topology!.nodes[0]).toMatchObject({ image: 'a:1', workingDirectory: '/' });
      expect(lines(report)).toContain('variable-unset /services/a/image');
      expect(lines(report, 'problem')).toEqual(['variable-required /services/a/working_dir']);
    });

    it('takes keys without a value from the environment', () => {
      expect(node('environment: [A, B, C=]', { A: 'x' }).env).toEqual({ A: 'x', C: '' });
      expect(node('environment: {A: , B: 1.5, C: true}').env).toEqual({ B: '1.5', C: 'true' });
    });
  });

  describe('with ports', () => {
    it('has the numbers that its processes listen on, reachable from outside where they are published', () => {
      const ports = node(`
ports: ['80', '8080:81', '127.0.0.1:8081:82/udp', '[::1]:90-91:83-84', {target: 85, published: '1', protocol: udp}]
expose: [81, '86/udp']`);
      expect(ports.ports!.map(({ internal, external, protocol }) => `${internal} ${external} ${protocol}`)).toEqual([
        '80 80 TCP',
        '81 81 TCP',
        '82 82 UDP',
        '83 83 TCP',
        '84 84 TCP',
        '85 85 UDP',
        '86 86 UDP',
      ]);
      expect(ports.serviceType).toBe('NodePort');
      expect(node('ports: [127.0.0.1:80:80]').serviceType).toBeUndefined();
    });

    it.each(['"80:"', '"x"', '"80/tcp/udp"', '0', '70000', '"90-80"', '{published: "80"}'])('reports %s', (port) => {
      const { report } = services(`a: {image: 'a:1', ports: [${port}]}`);
      expect(lines(report, 'problem')).toEqual(['port-invalid /services/a/ports/0']);
    });

    it('has a hundred at most', () => {
      const { topology, report } = services(`a: {image: 'a:1', expose: ['1-65535']}`);
      expect([topology!.nodes[0]!.ports!.length, lines(report, 'problem')]).toEqual([
        100,
        ['ports-too-many /services/a/expose/0'],
      ]);
    });
  });

  describe('with mounts', () => {
    const mounts = (list: string) => {
      const { topology, report } = imported(`services: {a: {image: 'a:1', volumes: [${list}]}}\nvolumes: {db_data: , logs: }`);
      const { hostPaths, storage } = topology!.nodes[0]!;
      const told = lines(report).filter((line) => line.includes('/services/a/volumes/0'));
      return { hostPaths, storage, told };
    };

    it.each([
      ['db_data:/d', { storage: [{ identifier: 'db-data', containerPath: '/d' }], told: ['storage /services/a/volumes/0'] }],
      [
        '{type: volume, source: logs, target: /l, volume: {subpath: a/../b}}',
        { storage: [{ identifier: 'logs/a/b', containerPath: '/l' }] },
      ],
      [
        '/etc/localtime:/etc/localtime:ro',
        { hostPaths: [{ hostPath: '/etc/localtime', containerPath: '/etc/localtime', type: 'File', readOnly: true }] },
      ],
      ['/var/run/docker.sock:/s', { hostPaths: [{ hostPath: '/var/run/docker.sock', containerPath: '/s', type: 'Socket' }] }],
      ['/etc/app.d/:/d/', { hostPaths: [{ hostPath: '/etc/app.d', containerPath: '/d', type: 'Directory' }] }],
      ['./x:/x', { told: ['bind-relative /services/a/volumes/0'] }],
      ['~/x:/x', { told: ['bind-relative /services/a/volumes/0'] }],
      ['$PWD/x:/x', { told: ['bind-relative /services/a/volumes/0'] }],
      ['C:\\x:/x', { told: ['bind-relative /services/a/volumes/0'] }],
      ['/x', { told: ['volume-anonymous /services/a/volumes/0'] }],
      ['{type: tmpfs, target: /x}', { told: ['memory-mount /services/a/volumes/0'] }],
      ['other:/x', { told: ['volume-undefined /services/a/volumes/0'] }],
      ['logs:x', { told: ['mount-invalid /services/a/volumes/0'] }],
    ])('makes of %s what comes nearest', (mount, expected) => {
      expect(mounts(mount)).toMatchObject(expected);
    });
  });

  describe('with commands and checks', () => {
    it('takes texts apart as a shell does, and keeps dollar signs', () => {
      expect(node(`command: nginx -g 'daemon off;' a\\ b "c \\"d\\"" ''`).args).toEqual([
        'nginx',
        '-g',
        'daemon off;',
        'a b',
        'c "d"',
        '',
      ]);
      expect(node('entrypoint: ["sh", "-c", "echo $$(date) $$$$ $$HOME"]').command).toEqual([
        'sh',
        '-c',
        'echo $$(date) $$$ $HOME',
      ]);
    });

    it('know nothing of a check that is none, and say that once', () => {
      const { report } = services('a: {image: a, healthcheck: [CMD, x]}');
      expect(lines(report).filter((line) => line.endsWith('/healthcheck'))).toEqual(['wrong-shape /services/a/healthcheck']);
    });

    it('asks as the test says', () => {
      const check = (settings: string) => node(`expose: [80]\nhealthcheck: ${settings}`).healthCheck;
      expect(check('{test: curl localhost}')).toEqual({ command: ['/bin/sh', '-c', 'curl localhost'] });
      expect(check('{test: [CMD, a, b], interval: 1m30s, timeout: 1500ms, retries: 2, start_period: 2h}')).toEqual({
        command: ['a', 'b'],
        periodSeconds: 90,
        timeoutSeconds: 2,
        failureThreshold: 2,
        initialDelaySeconds: 3600,
      });
      expect(check('{test: [NONE]}')).toBeUndefined();
      expect(check('{interval: 5s}')).toEqual({ periodSeconds: 5 });
    });
  });

  describe('with dependencies', () => {
    it('has arrows, and init nodes of what has to be complete, without ports and checks', () => {
      const { topology } = services(`
a: {image: 'a:1', depends_on: {b: {condition: service_completed_successfully}, c: {condition: service_healthy}}}
b: {image: 'postgres:16', links: [c], expose: [80], healthcheck: {test: x}, environment: {POSTGRES_PASSWORD: x}}
c: {image: 'c:1'}`);
      expect(topology!.arrows).toEqual([
        { from: 'a', to: 'b' },
        { from: 'a', to: 'c' },
        { from: 'b', to: 'c' },
      ]);
      expect(topology!.nodes[1]).toEqual({
        serviceName: 'b',
        category: 'init',
        image: 'postgres:16',
        env: { POSTGRES_PASSWORD: '${secret.postgresPassword}' },
      });
    });

    it('leaves out services of profiles that are not active', () => {
      const yaml = `a: {image: 'a:1', depends_on: {b: {required: false}}}\nb: {image: 'b:1', profiles: [debug]}`;
      expect(services(yaml).topology!.nodes.map(({ serviceName }) => serviceName)).toEqual(['a']);
      expect(services(yaml, { COMPOSE_PROFILES: 'x,debug' }).topology!.arrows).toEqual([{ from: 'a', to: 'b' }]);
      expect(fatal(`services: {a: {image: a, depends_on: [b]}, b: {image: b, profiles: [x]}}`)).toEqual([
        'dependency-inactive /services/a/depends_on/0',
      ]);
    });
  });

  it.each([
    ['a: {image: a, environment: {}, ports: []}', ['empty /services/a/environment', 'empty /services/a/ports']],
    ['a: {image: a, depends_on: {b: {}}}\nb: {image: b}', []],
    ['a: {image: a, healthcheck: {}}', []],
    ['a: {image: a, devices: [{}]}', []],
    ['a: {}', []],
  ])('says that nothing is said where nothing else is to be said: %j', (body, empty) => {
    expect(lines(services(body).report).filter((line) => line.startsWith('empty '))).toEqual(empty);
  });

  it('says with everything else what stands in the way of a release', () => {
    const { topology, report } = services(`a: {build: .}\nb: {image: 'b:1', environment: {SOUK_APP_KEY: x, 'a b': y}}`);
    expect(topology!.nodes).toHaveLength(2);
    expect(lines(report, 'problem')).toEqual([
      'image-missing /services/a',
      'env-key-reserved /services/b',
      'env-key-invalid /services/b',
    ]);
  });
});
