import { type Arrow, canonicalTopology, cyclesOf, quoted, type Topology, validateTopology } from '@souk/topology';
import { below, type Finding, Report } from './finding';
import { addressIn, Hosts, portOf } from './hosts';
import { interpolateDocument } from './interpolate-document';
import { nodeOf } from './node';
import { presetOf, renameVariables } from './presets';
import { readYaml } from './read-yaml';
import { isSecret } from './secret-names';
import { Secrets } from './secrets';
import { readService } from './service';
import { ServiceDraft } from './service-draft';
import { labelsFor } from './service-names';
import { Slots } from './slots';
import { readTopLevel } from './top-level';
import { isList, isMapping, type Mapping, textOf } from './value';
import { Variables } from './variables';
import { WrittenSecrets } from './written-secrets';

/** Variables that hold a name. */
const namesName = /(?:user|username|usr|login|database|db|name|host|hostname|bucket|org|realm)$/i;

export interface ComposeImport {
  /** Absent where the document gives none; the problems among the findings say why. */
  readonly topology?: Topology;
  /** What became of each part of the document. */
  readonly report: readonly Finding[];
}

export interface ComposeOptions {
  /** Values of the document's variables; COMPOSE_PROFILES names the profiles that are active, by commas. */
  readonly environment?: Readonly<Record<string, string>>;
}

/**
 * The topology that a document of the Compose specification (https://github.com/compose-spec/compose-spec) describes, and a report of what was
 * lost on the way: every key of the document, extensions (`x-…`) aside, has a finding, or stands below something that has one. Never throws.
 * What is recognised as a secret, by its name, its place or its value, is neither in the topology nor in the report. Depends on nothing but what is given.
 */
export function importCompose(yaml: string, { environment = {} }: ComposeOptions = {}): ComposeImport {
  const report = new Report();
  const read = readYaml(yaml, report);
  if (read !== undefined && !isMapping(read)) report.fatal('', 'wrong-shape', 'a document of Compose is a mapping');
  if (read === undefined || !isMapping(read)) return { report: report.findings };
  const slots = new Slots();
  const document = interpolateDocument(read, environment, slots, report);
  if (report.isHopeless()) return { report: report.findings };
  const topology = topologyOf(document, environment, slots, report);
  return { ...(!report.isHopeless() && { topology }), report: report.findings };
}

/** What comes of a document that was not read to its end. */
export function unreadable(code: string, message: string): ComposeImport {
  const report = new Report();
  report.fatal('', code, message);
  return { report: report.findings };
}

function topologyOf(document: Mapping, environment: Readonly<Record<string, string>>, slots: Slots, report: Report): Topology {
  const { services, ...topLevel } = readTopLevel(document, report);
  const active = awake(services, environment, report);
  if (active.size === 0) report.fatal('/services', 'no-services', 'the document has no service that is deployed');
  const secrets = new Secrets();
  for (const [name, value] of Object.entries(environment)) if (isSecret(name, value)) secrets.recognise(value, name);
  const names = labelsFor(active.keys());
  const dormant = new Set([...services.keys()].filter((name) => !active.has(name)));
  const surroundings = { ...topLevel, services: new Set(active.keys()), dormant, environment, secrets, report };
  const drafts = new Map(
    [...active.keys()].map((name) => [name, new ServiceDraft(name, below('/services', name), names.get(name)!)]),
  );
  for (const [name, value] of active) readService(value, drafts.get(name)!, surroundings);

  const hosts = new Hosts(drafts.values());
  const variables = new Variables(hosts, secrets, slots, report);
  for (const draft of drafts.values()) {
    for (const [name, { completed }] of draft.dependencies) if (completed) drafts.get(name)!.isInit = true;
    variables.readSecretFiles(draft);
    renameVariables(draft, report);
  }
  addPortsMeant(drafts.values(), hosts, report);
  const drawn = [...drafts.values()].map((draft) => ({ draft, node: nodeOf(draft, variables, report) }));
  const written = new WrittenSecrets(secrets, namesIn(drafts.values()), report);
  const nodes = drawn.map(({ node, draft }) => written.sealed(node, draft));
  const arrows = arrowsOf(drafts, report);
  const topology = { nodes, arrows, parameters: variables.parameters, secrets: secrets.declarations };
  sayProblems(topology, [...drafts.values()], report);
  written.hideInReport();
  return canonicalTopology(topology);
}

/** Services without a profile, and those of profiles that are active. */
function awake(services: Mapping, environment: Readonly<Record<string, string>>, report: Report): Mapping {
  const chosen = new Set((environment['COMPOSE_PROFILES'] ?? '').split(',').map((name) => name.trim()));
  const active = [...services].filter(([name, service]) => {
    const profiles = isMapping(service) ? (service.get('profiles') ?? []) : [];
    const named = isList(profiles) ? profiles.map(textOf) : [];
    if (named.length === 0 || chosen.has('*') || named.some((profile) => profile !== undefined && chosen.has(profile)))
      return true;
    report.noEquivalent(
      below('/services', name),
      'profile-inactive',
      'none of its profiles is active, so it is left out, as Compose does it',
      'name one of them in COMPOSE_PROFILES of the environment',
    );
    return false;
  });
  return new Map(active);
}

/** What a password that nobody has thought about is often the same as: services, their images, users and databases. */
function namesIn(drafts: Iterable<ServiceDraft>): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { name, serviceName, image, environment } of drafts) {
    for (const said of [name, serviceName, ...(image ?? '').split(/[/:@]/)]) names.add(said);
    for (const [key, { text }] of environment) if (namesName.test(key) && !isSecret(key, text)) names.add(text);
  }
  return names;
}

/** Ports under which others reach a service that names none: in Compose every port is open between services. */
function addPortsMeant(drafts: Iterable<ServiceDraft>, hosts: Hosts, report: Report): void {
  const all = [...drafts];
  const silent = new Set(all.filter((draft) => draft.ports.length === 0 && !draft.isInit && !presetOf(draft)));
  for (const { environment } of all) {
    for (const { text, at } of environment.values()) {
      for (const piece of text.includes('@') ? [text] : text.split(',')) {
        const address = addressIn(piece);
        const draft = address && hosts.named(address.host);
        const port = address && portOf(address);
        if (!draft || !silent.has(draft) || port === undefined || port < 1 || port > 65535) continue;
        if (draft.addPort(port, 'TCP'))
          report.approximated(at, 'port-inferred', `"${draft.name}" has the port ${port}, which is used here`);
      }
    }
  }
  for (const draft of silent) {
    if (draft.ports.length > 0 || !all.some(({ dependencies }) => dependencies.has(draft.name))) continue;
    report.approximated(
      draft.at,
      'ports-unknown',
      'it names no port, so the nodes that wait for it do not reach it',
      'name the ports that it listens on under "expose"',
    );
  }
}

function arrowsOf(drafts: ReadonlyMap<string, ServiceDraft>, report: Report): Arrow[] {
  const arrows = [...drafts.values()].flatMap(({ serviceName, dependencies }) =>
    [...dependencies.keys()].map((name) => ({ from: serviceName, to: drafts.get(name)!.serviceName })),
  );
  const byServiceName = new Map([...drafts.values()].map((draft) => [draft.serviceName, draft]));
  for (const cycle of cyclesOf({ nodes: [...drafts.values()], arrows })) {
    const [first] = [...byServiceName.get(cycle[0]!)!.dependencies.values()];
    report.fatal(first?.at ?? '/services', 'cycle', `the services ${quoted(cycle)} wait for each other in a cycle`);
  }
  return arrows;
}

/** What else stands in the way of a release, unless the report says so already. */
function sayProblems(topology: Topology, drafts: readonly ServiceDraft[], report: Report): void {
  if (report.isHopeless()) return;
  const told = new Set(
    report.findings.filter(({ outcome }) => outcome === 'problem').map(({ code, service }) => `${code} ${service ?? ''}`),
  );
  for (const { code, pointer, message } of validateTopology(topology)) {
    const index = /^\/nodes\/(\d+)/.exec(pointer)?.[1];
    const draft = index === undefined ? undefined : drafts[Number(index)];
    if (!told.has(`${code} ${draft?.name ?? ''}`)) report.problem(draft?.at ?? '', code, message);
  }
}
