/** Which accounts run the platform: their auditors see all of it. */
export abstract class OperatorTenants {
  abstract has(tenant: string): Promise<boolean>;
}
