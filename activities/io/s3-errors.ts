import { ApplicationFailure } from '@temporalio/common';
import { failure } from '../failure.ts';
import type { S3Options } from './s3-client.ts';

/** HTTP status of the server's answer; undefined where none came. */
export function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } } | undefined)?.$metadata?.httpStatusCode;
}

/** The platform's failure for an error of the S3 client: names the endpoint and the object, never a credential. */
export function storeFailure(error: unknown, { endpoint, bucket }: S3Options, key: string): ApplicationFailure {
  if (error instanceof ApplicationFailure) return error;
  const place = `${bucket}/${key} at ${endpoint}`;
  const reason = reasonOf(error);
  if (wrongBodyErrors.has(nameOf(error))) return failure('STORE_CORRUPT', `writing ${place}: the body does not have its hash (${reason})`, { cause: error });
  return failure('STORE_UNREACHABLE', `object store, ${place}: ${reason}`, { cause: error });
}

const wrongBodyErrors = new Set(['BadDigest', 'XAmzContentSHA256Mismatch', 'XAmzContentChecksumMismatch', 'IncompleteBody']);

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : '';
}

function reasonOf(error: unknown): string {
  const status = statusOf(error);
  if (status !== undefined) return `answered ${status} ${nameOf(error)}`;
  if (error instanceof AggregateError) return reasonOf(error.errors[0]);
  return error instanceof Error ? error.message || nameOf(error) : String(error);
}
