export { alibabaAccountIn, InvalidAlibabaAccount } from './alibaba/alibaba-account';
export { AlibabaRds } from './alibaba/alibaba-rds';
export * from './catalogue';
export * from './errors';
export * from './managed-resources.port';
export * from './osb/service-broker';
export * from './simulated-resources';
