import { UUID } from '@eventstore/db-client/generated/shared_pb';

/** As two numbers of 64 bits. */
export function idAsNumbers(id: string): UUID {
  const numbers = new UUID.Structured();
  const digits = id.replaceAll('-', '');
  numbers.setMostSignificantBits(signed(digits.slice(0, 16)));
  numbers.setLeastSignificantBits(signed(digits.slice(16)));
  const uuid = new UUID();
  uuid.setStructured(numbers);
  return uuid;
}

function signed(digits: string): string {
  return String(BigInt.asIntN(64, BigInt(`0x${digits}`)));
}

const UUID_PATTERN = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** In lower case; `undefined` for what is no UUID. */
export function uuidText(uuid: UUID | undefined): string | undefined {
  const structured = uuid?.getStructured();
  const text = structured
    ? dashed(unsigned(structured.getMostSignificantBits()) + unsigned(structured.getLeastSignificantBits()))
    : uuid?.getString().toLowerCase();
  return text !== undefined && UUID_PATTERN.test(text) ? text : undefined;
}

function unsigned(number: string): string {
  return BigInt.asUintN(64, BigInt(number)).toString(16).padStart(16, '0');
}

function dashed(digits: string): string {
  return [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20)].join('-');
}
