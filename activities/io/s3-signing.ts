import type { S3Client } from '@aws-sdk/client-s3';

/**
 * Signs a request whose body's SHA-256 we state (x-amz-checksum-sha256) with that same hash (x-amz-content-sha256), instead of
 * hashing the body a second time, and so that a stream can be signed at all over plain HTTP.
 */
export function signWithKnownHash(client: S3Client): void {
  client.middlewareStack.add(
    (next) => (input) => {
      const { headers } = input.request as { headers: Record<string, string> };
      const checksum = headers['x-amz-checksum-sha256'];
      if (checksum !== undefined) headers['x-amz-content-sha256'] = Buffer.from(checksum, 'base64').toString('hex');
      return next(input);
    },
    { step: 'build', name: 'signWithKnownHash', priority: 'low' },
  );
}
