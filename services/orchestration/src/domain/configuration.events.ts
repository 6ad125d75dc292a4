import type { ConfigurationHosting } from '@souk/contracts';
import type { DomainEvent } from '@souk/event-sourcing';
import type { Arrow, Parameter, SecretDeclaration, TopologyNode } from '@souk/topology';

export type ConfigurationCreated = DomainEvent<
  'ConfigurationCreated',
  {
    readonly configurationId: string;
    readonly versionId: string;
    readonly appId: string;
    readonly providerTenant: string;
    readonly name: string;
    readonly hosting: ConfigurationHosting;
  }
>;
export type NodeAdded = DomainEvent<'NodeAdded', { readonly node: TopologyNode }>;
/** The whole new settings of the node; its place on the canvas stays. */
export type NodeSettingsChanged = DomainEvent<
  'NodeSettingsChanged',
  { readonly serviceName: string; readonly settings: Omit<TopologyNode, 'position'> }
>;
/** On the canvas; without a position it was taken off. */
export type NodeMoved = DomainEvent<
  'NodeMoved',
  { readonly serviceName: string; readonly position?: { readonly x: number; readonly y: number } }
>;
export type NodeRemoved = DomainEvent<'NodeRemoved', { readonly serviceName: string }>;
export type ArrowDrawn = DomainEvent<'ArrowDrawn', Arrow>;
export type ArrowErased = DomainEvent<'ArrowErased', Arrow>;
/** Newly, or otherwise than before. */
export type ParameterDeclared = DomainEvent<'ParameterDeclared', { readonly name: string; readonly parameter: Parameter }>;
export type ParameterRemoved = DomainEvent<'ParameterRemoved', { readonly name: string }>;
/** Newly, or otherwise than before. What is declared is where a value comes from, never a value. */
export type SecretDeclared = DomainEvent<'SecretDeclared', { readonly name: string; readonly secret: SecretDeclaration }>;
export type SecretRemoved = DomainEvent<'SecretRemoved', { readonly name: string }>;
/** Its version was released: this is what it will be for ever. */
export type ConfigurationFrozen = DomainEvent<'ConfigurationFrozen', { readonly versionNumber: string }>;

/** Facts that make up the topology. */
export type DrawingEvent =
  | NodeAdded
  | NodeSettingsChanged
  | NodeMoved
  | NodeRemoved
  | ArrowDrawn
  | ArrowErased
  | ParameterDeclared
  | ParameterRemoved
  | SecretDeclared
  | SecretRemoved;

export type ConfigurationEvent = ConfigurationCreated | DrawingEvent | ConfigurationFrozen;
