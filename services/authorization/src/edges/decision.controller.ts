import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Decision, SignedRequest } from '@souk/contracts';
import { jsonPointer, type Problem } from '@souk/event-sourcing';
import { InvalidInput, Roles } from '@souk/platform';
import { RequestVerifier } from '../application/request-verifier';
import { SignedRequestDto } from './decision.dto';

/** For gateways: they hold an access token of a user in the role operator, since a decision tells whose an AppKey is. */
@ApiTags('decisions')
@Controller('v1/decisions')
export class DecisionController {
  constructor(private readonly verifier: RequestVerifier) {}

  @Post()
  @HttpCode(200)
  @Roles('operator')
  @ApiOperation({ summary: 'Whose request is this, and may they? Uses up its nonce.' })
  async decide(@Body() body: SignedRequestDto): Promise<Decision> {
    return this.verifier.decide(signedRequestOf(body));
  }
}

/** @throws InvalidInput naming every value that is no text */
function signedRequestOf({ method, path, query = {}, headers, bodySha256 }: SignedRequestDto): SignedRequest {
  const problems: Problem[] = [];
  const notText = (field: string, name: string) =>
    problems.push({ code: 'wrong-type', pointer: jsonPointer(field, name), message: 'must be a text' });
  for (const [name, value] of Object.entries(headers)) if (!isText(value)) notText('headers', name);
  for (const [name, value] of Object.entries(query))
    if (!isText(value) && !(Array.isArray(value) && value.every(isText))) notText('query', name);
  if (problems.length > 0) throw new InvalidInput(problems, 'body');
  return {
    method,
    path,
    query: query as SignedRequest['query'],
    headers: Object.fromEntries(
      Object.entries(headers as SignedRequest['headers']).map(([name, value]) => [name.toLowerCase(), value]),
    ),
    ...(bodySha256 !== undefined && { bodySha256 }),
  };
}

const isText = (value: unknown): value is string => typeof value === 'string';
